"""Who is let in, by a log-in or by a proxy's word, and what no page of another site can do in their name."""

from __future__ import annotations

import io
import re
import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from hil.cli import main
from hil.errors import HilError
from hil_dashboards.app import create_app
from hil_dashboards.serve import serve
from hil_dashboards.serving import users
from hil_dashboards.serving.access import Access, chosen
from hil_dashboards.serving.sessions import OF_ADDRESS_MOST, OF_NAME_MOST, SESSION_S, WINDOW_S, Sessions
from hil_dashboards.serving.users import Role
from hil_dashboards.wsgi import application

PASSWORD = "correct horse battery"
WRONG = "incorrect horse battery"
OWN = {"Origin": "http://localhost"}


@pytest.fixture(scope="module")
def hashes() -> dict[str, users.User]:
    """Hashing takes its time, once."""
    return {
        "ann": users.made("ann", Role.TRIAGE, PASSWORD),
        "bob": users.made("bob", Role.READER, PASSWORD),
        "proxied": users.made("proxied", Role.TRIAGE, None),
    }


@pytest.fixture
def file(tmp_path: Path, hashes: dict[str, users.User]) -> Path:
    path = tmp_path / "lab users"
    users.write(path, hashes)
    return path


@pytest.fixture
def access(file: Path) -> Access:
    return chosen("users", file)


@pytest.fixture
def client(bench: Any, access: Access) -> FlaskClient:
    bench.run(bench.session(1, bench.cost(100)))
    return create_app(bench.url, access=access).server.test_client()


def log_in(client: FlaskClient, name: str = "ann", password: str = PASSWORD, **more: Any) -> TestResponse:
    form = {"name": name, "password": password, "next": more.pop("further", "/")}
    return client.post("/login", data=form, headers=OWN, **more)


def guard_of(client: FlaskClient) -> str:
    """What the page's own button would give back."""
    (found,) = re.findall(r'"name":"guard","value":"(\w+)"', client.get("/content/").text)
    return str(found)


@pytest.mark.parametrize(
    "path",
    [
        "/content/",
        "/content/series?metric=instructions",
        "/samples?session=1&pass=0",
        "/comparing?now=2&before=1",
        "/worse?now=2&before=1",
        "/_dash-layout",
        "/_dash-dependencies",
        "/assets/page.js",
    ],
)
def test_strangers_are_told_nothing(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 401
    assert answer.text == "log in first\n"


@pytest.mark.parametrize("path", ["/", "/series?metric=a&model=b", "/no such page"])
def test_strangers_are_led_to_the_log_in_and_from_there_where_they_wanted(
    client: FlaskClient, path: str
) -> None:
    answer = client.get(path)
    assert answer.status_code == 303
    form = client.get(answer.headers["Location"])
    assert form.status_code == 200
    assert "digits" not in form.text
    (further,) = re.findall(r'name="next" value="([^"]*)"', form.text)
    there = log_in(client, further=further.replace("&amp;", "&"))
    assert (there.status_code, there.headers["Location"]) == (303, path.replace(" ", "%20"))
    assert client.get(there.headers["Location"]).status_code == 200
    assert "digits" in client.get("/content/").text


def test_what_the_log_in_page_needs_is_there_for_all(client: FlaskClient) -> None:
    page = client.get("/login").text
    needed = re.findall(r'(?:href|src)="([^"]*)"', page)
    assert needed
    assert [client.get(path).status_code for path in needed] == [200] * len(needed)


@pytest.mark.parametrize(
    "elsewhere",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "\\\\evil.example",
        "evil",
    ],
)
def test_a_log_in_leads_to_no_other_site(client: FlaskClient, elsewhere: str) -> None:
    assert log_in(client, further=elsewhere).headers["Location"] == "/"


def test_a_cookie_that_scripts_and_other_sites_do_not_get(client: FlaskClient) -> None:
    cookie = log_in(client).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert f"Max-Age={SESSION_S}" in cookie
    assert "Secure" not in cookie  # this one came by http
    secure = log_in(client, base_url="https://localhost")
    assert secure.status_code == 303, "a page by https has another origin's scheme, and the same host"
    assert "Secure" in secure.headers["Set-Cookie"]


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("ann", WRONG),
        ("ann", ""),
        ("ann", "x" * 60_000),
        ("nobody", PASSWORD),
        ("proxied", ""),
        ("proxied", "nobody"),
        ("", PASSWORD),
        ("ann:triage", PASSWORD),
        ("' OR 1=1 --", PASSWORD),
        ("ann\0", PASSWORD),
        ("<script>alert(1)</script>", PASSWORD),
    ],
)
def test_a_wrong_name_or_password_is_one_and_the_same(client: FlaskClient, name: str, password: str) -> None:
    answer = log_in(client, name, password)
    assert answer.status_code == 401
    assert "Name or password is wrong." in answer.text
    assert "Set-Cookie" not in answer.headers
    assert "<script>alert" not in answer.text
    assert client.get("/content/").status_code == 401


def test_attempts_are_limited_by_address_and_the_right_password_does_not_help(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(users, "is_right", lambda user, password: password == PASSWORD)  # hashing takes long
    assert [log_in(client, password=WRONG).status_code for _ in range(OF_ADDRESS_MOST)] == [
        401
    ] * OF_ADDRESS_MOST
    answer = log_in(client)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= WINDOW_S
    assert "Too many attempts" in answer.text
    assert log_in(client, "bob").status_code == 429
    elsewhere = log_in(client, environ_overrides={"REMOTE_ADDR": "127.0.0.9"})
    assert elsewhere.status_code == 303


def test_a_name_has_a_limit_from_everywhere_and_both_end(tmp_path: Path) -> None:
    time = 1000.0
    sessions = Sessions(tmp_path / "state", lambda: time)
    assert [sessions.wait("ann", f"192.0.2.{one}") for one in range(OF_NAME_MOST)] == [0.0] * OF_NAME_MOST
    assert sessions.wait("ann", "192.0.2.200") == WINDOW_S
    assert sessions.wait("bob", "192.0.2.200") == 0
    time += WINDOW_S + 1
    assert sessions.wait("ann", "192.0.2.200") == 0


def test_who_gets_in_is_not_counted(tmp_path: Path) -> None:
    sessions = Sessions(tmp_path / "state")
    for _ in range(3 * OF_ADDRESS_MOST):
        assert sessions.wait("ann", "192.0.2.1") == 0
        sessions.succeeded("ann", "192.0.2.1")


def test_a_session_expires(bench: Any, access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    time = 1000.0
    monkeypatch.setattr(Sessions.__init__, "__defaults__", (lambda: time,))
    client = create_app(bench.url, access=access).server.test_client()
    log_in(client)
    time += SESSION_S - 1
    assert client.get("/content/").status_code == 200
    time += 2
    assert client.get("/content/").status_code == 401
    assert client.get("/").headers["Location"] == "/login?next=/"


def test_a_session_ends_with_a_new_password_and_with_the_user(client: FlaskClient, file: Path) -> None:
    log_in(client)
    held = users.read(file)
    users.write(file, {**held, "ann": users.made("ann", Role.TRIAGE, "another password")})
    assert client.get("/content/").status_code == 401
    log_in(client, password="another password")
    assert client.get("/content/").status_code == 200
    users.write(file, {"bob": held["bob"]})
    assert client.get("/content/").status_code == 401


def test_a_log_out_ends_it_also_for_who_kept_the_cookie(client: FlaskClient) -> None:
    cookie = log_in(client).headers["Set-Cookie"].partition(";")[0].partition("=")[2]
    assert client.post("/logout", data={"guard": guard_of(client)}, headers=OWN).status_code == 303
    client.set_cookie("hil_session", cookie)
    assert client.get("/content/").status_code == 401


def test_a_second_log_in_ends_the_first(client: FlaskClient, bench: Any, access: Access) -> None:
    first = log_in(client).headers["Set-Cookie"].partition(";")[0].partition("=")[2]
    log_in(client, "bob")
    other = create_app(bench.url, access=access).server.test_client()
    other.set_cookie("hil_session", first)
    assert other.get("/content/").status_code == 401
    assert "bob" in client.get("/content/").text


@pytest.mark.parametrize("cookie", ["", "x", "x" * 3000, "' OR 1=1 --", "%00", "\\0"])
def test_a_forged_cookie_is_none(client: FlaskClient, cookie: str) -> None:
    log_in(client)
    client.set_cookie("hil_session", cookie)
    assert client.get("/content/").status_code == 401


FOREIGN = [
    {"Origin": "http://evil.example"},
    {"Origin": "http://localhost:8051"},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "http://["},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_another_sites_page_can_neither_log_in_nor_out(client: FlaskClient, headers: dict[str, str]) -> None:
    form = {"name": "ann", "password": PASSWORD}
    assert client.post("/login", data=form, headers=headers).status_code == 403
    log_in(client)
    guard = guard_of(client)
    assert client.post("/logout", data={"guard": guard}, headers=headers).status_code == 403
    assert client.get("/content/").status_code == 200


@pytest.mark.parametrize("guard", [None, "", "0" * 64, "é"])
def test_a_page_that_does_not_know_what_the_own_one_does_is_refused(
    client: FlaskClient, guard: str | None
) -> None:
    log_in(client)
    data = {} if guard is None else {"guard": guard}
    assert client.post("/logout", data=data, headers=OWN).status_code == 403
    bobs = client.application.test_client()
    log_in(bobs, "bob")
    assert client.post("/logout", data={"guard": guard_of(bobs)}, headers=OWN).status_code == 403


def test_a_forged_callback_is_refused_whoever_sends_it(client: FlaskClient) -> None:
    forged = {"output": "page.children", "inputs": [], "changedPropIds": []}
    assert client.post("/_dash-update-component", json=forged).status_code in (400, 401)
    log_in(client)
    guarded = {**OWN, "X-HIL-Guard": guard_of(client)}
    assert client.post("/_dash-update-component", json=forged, headers=guarded).status_code == 400


def test_the_file_of_log_ins_holds_no_token_and_is_the_users_alone(client: FlaskClient, file: Path) -> None:
    token = log_in(client).headers["Set-Cookie"].partition(";")[0].partition("=")[2]
    log_in(client, "bob", WRONG)
    state = file.with_name("lab users.state")
    assert stat.S_IMODE(state.stat().st_mode) == 0o600
    held = state.read_bytes()
    assert token.encode() not in held
    assert PASSWORD.encode() not in held
    assert WRONG.encode() not in held


def test_all_processes_of_a_dashboard_know_a_log_in(client: FlaskClient, bench: Any, access: Access) -> None:
    log_in(client)
    cookie = client.get_cookie("hil_session")
    assert cookie is not None
    other = create_app(bench.url, access=access).server.test_client()
    other.set_cookie("hil_session", cookie.value)
    assert other.get("/content/").status_code == 200
    assert other.post("/logout", data={"guard": guard_of(client)}, headers=OWN).status_code == 303


def test_a_file_of_log_ins_that_breaks_is_told_in_the_log_alone(
    client: FlaskClient, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    log_in(client)
    with closing(sqlite3.connect(file.with_name("lab users.state"))) as state:
        state.execute("DROP TABLE session")
    answer = client.get("/content/")
    assert answer.status_code == 503
    assert "lab users.state" not in answer.text
    assert "lab users.state" in caplog.text


HEADER = {"X-Remote-User": "ann"}


def of_header(url: str, file: Path, *proxies: str, name: str | None = None) -> FlaskClient:
    return create_app(url, access=chosen("header", file, proxies, name)).server.test_client()


def asked(client: FlaskClient, peer: str, headers: dict[str, str], path: str = "/content/") -> TestResponse:
    return client.get(path, headers=headers, environ_overrides={"REMOTE_ADDR": peer})


def test_a_proxys_word_counts_from_its_address_alone(bench: Any, file: Path) -> None:
    client = of_header(bench.url, file, "192.0.2.7", "::1")
    for peer in ("192.0.2.7", "::ffff:192.0.2.7", "::1", "0:0::1"):
        assert "ann" in asked(client, peer, HEADER).text
    for peer in ("127.0.0.1", "192.0.2.70", ""):
        assert asked(client, peer, HEADER).status_code == 403
        assert asked(client, peer, {**HEADER, "X-Forwarded-For": "192.0.2.7"}).status_code == 403
    assert asked(client, "192.0.2.7", {}).status_code == 403
    assert asked(client, "192.0.2.7", {}, "/").status_code == 403, "there is no log-in to lead to"


@pytest.mark.parametrize("name", ["", "ann,bob", "ann bob", "<b>", "ann:triage", "x" * 65, "../ann"])
def test_what_cannot_be_a_name_is_nobodys(bench: Any, file: Path, name: str) -> None:
    client = of_header(bench.url, file, "192.0.2.7")
    assert asked(client, "192.0.2.7", {"X-Remote-User": name}).status_code == 403


def test_roles_of_those_whom_a_proxy_names_are_the_files(bench: Any, file: Path) -> None:
    client = of_header(bench.url, file, "unix", name="X-Mail")
    assert "role: triage" in asked(client, "", {"X-Mail": "proxied"}).text
    assert "role: reader" in asked(client, "", {"X-Mail": "new@lab.example"}).text
    assert "Log out" not in asked(client, "", {"X-Mail": "proxied"}).text
    assert asked(client, "", HEADER).status_code == 403, "another header tells nothing"


def test_a_proxy_tells_the_address_and_the_scheme_and_nobody_else_does(bench: Any, file: Path) -> None:
    forwarded = {"X-Forwarded-For": "203.0.113.5", "X-Forwarded-Proto": "https"}
    for proxies, secure in ((("127.0.0.1",), True), (("192.0.2.7",), False)):
        client = create_app(bench.url, access=chosen("users", file, proxies)).server.test_client()
        form = {"name": "ann", "password": PASSWORD}
        answer = client.post("/login", data=form, headers={**OWN, **forwarded})
        assert ("Secure" in answer.headers["Set-Cookie"]) is secure
        client.post("/login", data={**form, "password": WRONG}, headers={**OWN, **forwarded})
        with closing(sqlite3.connect(file.with_name("lab users.state"))) as state:
            (address,) = state.execute("SELECT address FROM attempt ORDER BY time DESC").fetchone()
        assert address == ("203.0.113.5" if secure else "127.0.0.1")


def test_without_log_ins_this_machine_alone_is_answered_whatever_listens(bench: Any) -> None:
    client = application(bench.url).test_client()
    for peer, status in (("127.0.0.1", 200), ("127.9.9.9", 200), ("::1", 200), ("192.0.2.1", 403)):
        assert asked(client, peer, {}).status_code == status
        assert asked(client, peer, {"X-Forwarded-For": "127.0.0.1"}).status_code == status


def test_without_log_ins_a_proxy_lets_nobody_else_in(bench: Any) -> None:
    client = application(bench.url, proxies=["127.0.0.1", "unix"]).test_client()
    for peer in ("127.0.0.1", ""):
        assert asked(client, peer, {}).status_code == 200
        assert asked(client, peer, {"X-Forwarded-For": "127.0.0.1"}).status_code == 200
        for visitor in ("203.0.113.5", "unknown"):
            assert asked(client, peer, {"X-Forwarded-For": visitor}).status_code == 403


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "lab.example"])
def test_another_address_than_loopback_needs_log_ins(bench: Any, host: str) -> None:
    with pytest.raises(HilError, match="could read all results") as caught:
        serve(bench.url, host)
    assert "--auth=users" in str(caught.value)


@pytest.mark.parametrize(
    ("asking", "why"),
    [
        ({"how": "header"}, "whoever asks could say who they are"),
        ({"how": "header", "proxies": ["lab.example"]}, "is no address"),
        ({"how": "users", "header": "X-Name"}, "--user-header tells nothing"),
        ({"how": None, "header": "X-Name"}, "--user-header tells nothing"),
        ({"how": "users", "file": Path("/nowhere/users")}, "nobody could log in"),
    ],
)
def test_what_would_let_in_everybody_or_nobody_is_refused(asking: dict[str, Any], why: str) -> None:
    with pytest.raises(HilError, match=why):
        chosen(**asking)


def say(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    code = main(["dashboard", "user", *words])
    told = capsys.readouterr()
    return code, told.out + told.err


def test_users_are_added_changed_listed_and_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "new folder" / "users"
    chosen_file = f"--users={path}"
    assert say(capsys, "list", chosen_file) == (0, f"no user in {path}; `hil dashboard user add` makes one\n")
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\nmore\n"))
    assert say(capsys, "add", "ann", "--role=triage", chosen_file) == (0, f"ann (triage) added in {path}\n")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert re.fullmatch(r"ann:triage:scrypt:32768:8:1\$\w{16}\$[0-9a-f]{128}\n", path.read_text())
    assert users.is_right(users.read(path)["ann"], PASSWORD)
    assert say(capsys, "add", "bob@lab.example", "--no-password", chosen_file)[0] == 0
    monkeypatch.setattr("sys.stdin", io.StringIO("another password"))
    assert say(capsys, "add", "ann", chosen_file) == (0, f"ann (reader) changed in {path}\n")
    assert (
        say(capsys, "list", chosen_file)[1] == "ann  reader\nbob@lab.example  reader  through a proxy alone\n"
    )
    assert say(capsys, "remove", "ann", chosen_file)[0] == 0
    assert list(users.read(path)) == ["bob@lab.example"]
    code, told = say(capsys, "remove", "ann", chosen_file)
    assert (code, "there is no user ann" in told) == (1, True)
    assert main(["dashboard", chosen_file, "user", "list"]) == 0  # the file may stand before, too
    assert capsys.readouterr().out == "bob@lab.example  reader  through a proxy alone\n"


@pytest.mark.parametrize(
    ("name", "password", "why"),
    [
        ("ann", "short", "a password of 5 letters"),
        ("ann", "x" * 257, "a password of 257 letters"),
        ("a:b", PASSWORD, "cannot be a user's name"),
        ("-", PASSWORD, "cannot be a user's name"),
        ("", PASSWORD, "cannot be a user's name"),
    ],
)
def test_what_cannot_be_a_user_is_refused(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    password: str,
    why: str,
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(password))
    code, told = say(capsys, "add", f"--users={tmp_path / 'users'}", name)
    assert (code, why in told) == (1, True), told
    assert not (tmp_path / "users").exists()


def test_a_password_that_is_no_text_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"\xff\xfe\n"), encoding="utf-8"))
    code, told = say(capsys, "add", f"--users={tmp_path / 'users'}", "ann")
    assert (code, "no password was given" in told) == (1, True), told
    assert not (tmp_path / "users").exists()


@pytest.mark.parametrize(
    "line",
    [
        b"ann",
        b"ann:triage:plain text",
        b"ann:admin:",
        b":reader:",
        b"\xff:reader:",
        b"ann:reader:pbkdf2:x$y$z",
    ],
)
def test_a_damaged_line_is_told_and_lets_nobody_in(bench: Any, file: Path, line: bytes) -> None:
    client = create_app(bench.url, access=chosen("users", file)).server.test_client()
    file.write_bytes(file.read_bytes() + line + b"\n")
    with pytest.raises(HilError, match="damaged"):
        users.read(file)
    assert log_in(client).status_code == 503


def test_a_file_that_others_may_write_lets_nobody_in(file: Path) -> None:
    file.chmod(0o666)
    with pytest.raises(HilError, match="cannot be trusted"):
        chosen("users", file)


def test_a_hash_of_nobody_takes_as_long(monkeypatch: pytest.MonkeyPatch) -> None:
    checked = []
    monkeypatch.setattr(users, "check_password_hash", lambda held, password: checked.append(held) or True)
    assert not users.is_right(None, PASSWORD)
    assert not users.is_right(users.User("proxied", Role.READER, ""), PASSWORD)
    assert [held.split("$")[0] for held in checked] == ["scrypt:32768:8:1"] * 2
