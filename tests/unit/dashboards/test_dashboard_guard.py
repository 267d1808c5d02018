"""What the dashboard refuses, and that it says so in one line: the log stays empty."""

from __future__ import annotations

import hashlib
import http.client
import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

import hil_dashboards.pages.choosers  # noqa: F401  else the index knows no script of theirs
from children import interruptible
from hil_dashboards.app import create_app
from hil_db.store import Store

UNFINISHED = 130
WAIT_S = 300  # there for a hang
CALLBACK = "/_dash-update-component"


@pytest.fixture
def client(bench: Any) -> FlaskClient:
    bench.run(bench.session(1, bench.cost(100)))
    return create_app(bench.url).server.test_client()


def test_app_answers_with_a_policy_and_asks_nothing_of_other_hosts(client: FlaskClient) -> None:
    answer = client.get("/")
    assert answer.status_code == 200
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    (scripts,) = re.findall(r"script-src ([^;]*)", policy)
    assert "unsafe" not in scripts
    assert "unsafe-eval" not in policy
    assert "https://" not in answer.text
    assert client.get("/assets/style.css").status_code == 200


def test_index_asks_for_the_scripts_and_fonts_of_its_pages_alone(client: FlaskClient) -> None:
    index = client.get("/").text
    scripts = re.findall(r'<script (?:defer )?src="([^"]*)"', index)
    for name in ("html", "dash_ag_grid"):
        assert any(f"/{name}/" in one for one in scripts)
    assert not [one for one in scripts if "dash_table" in one or "/dcc/" in one or "mantine" in one]
    (found,) = re.findall(r"window.hilLater = (\{.*\});", index)
    later = json.loads(found)
    for namespace, folders in (
        ("dash_core_components", ("dcc", "plotly")),
        ("dash_mantine_components", ("mantine",)),
    ):
        own = [[one for one in later[namespace] if folder in one] for folder in folders]
        assert all(own)
        assert [*chain(*own)] == later[namespace]
    assert all(client.get(one).status_code == 200 for one in [*scripts, *chain(*later.values())])
    # Before the style sheet is there, a browser would look up what it has for Times.
    assert index.index("font-family") < index.index("style.css")


def test_an_index_asks_at_once_for_what_its_page_had(client: FlaskClient) -> None:
    def soon(path: str) -> list[str]:
        (found,) = re.findall(r"window.hilSoon = (\[.*\]);", client.get(path).text)
        asked: list[str] = json.loads(found)
        return asked

    assert soon("/series") == []
    client.get("/content/series?metric=instructions")
    assert "dash_core_components" in soon("/series") == soon("/series/?metric=accuracy")
    assert "dash_core_components" not in soon("/boards")
    client.get("/content/nowhere")
    assert soon("/nowhere") == []


def test_browsers_keep_files_by_what_is_in_them(client: FlaskClient) -> None:
    own = re.findall(r'(?:src|href)="(/assets/[^"]*\.(?:js|css)[^"]*)"', client.get("/").text)
    assert "/assets/style.css" in [one.split("?")[0] for one in own]
    for one in own:
        answer = client.get(one)
        assert "immutable" in answer.headers["Cache-Control"], one
        assert hashlib.sha256(answer.data).hexdigest().startswith(one.split("?v=")[1])
    for other in ("", "?v=", "?v=0123456789ab"):
        answer = client.get(f"/assets/style.css{other}")
        assert "immutable" not in answer.headers["Cache-Control"], "it may have another content by then"
    assert "immutable" not in client.get("/assets/../app.py?v=").headers.get("Cache-Control", "")


def test_browsers_keep_what_components_are_drawn_with_by_their_version(client: FlaskClient) -> None:
    index = client.get("/").text
    (grid,) = re.findall(r'src="([^"]*async-community.js[^"]*)"', index)
    (held,) = re.findall(r"window.hilLater = (\{.*\});", index)
    (plot,) = [one for one in json.loads(held)["dash_core_components"] if "plotly.min.js" in one]
    for one, name in ((grid, "dash-ag-grid"), (plot, "plotly")):
        assert one.endswith(f"?v={version(name)}")
        assert "immutable" in client.get(one).headers["Cache-Control"]
        assert "immutable" not in client.get(f"{one}.1").headers.get("Cache-Control", "")


def test_a_pages_content_is_there_for_the_asking(client: FlaskClient) -> None:
    for path in ("/content/", "/content/series?metric=instructions", "/content/profile"):
        tree = client.get(path).get_json()
        assert "Main" in [one["type"] for one in tree["props"]["children"]]
    newest = client.get("/content/")
    assert "digits" in newest.text
    assert newest.headers["Cache-Control"] == "no-store", "going back would show old results"
    assert "/nowhere" in client.get("/content/nowhere").text


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "evil.example:8050", "127.0.0.1.evil.example", "localhost.evil.example"),
        *("localhost@evil.example", "8.8.8.8", "[2001:db8::1]:80", "", "a b", "[", "x" * 5000),
    ],
)
def test_a_foreign_host_is_refused_on_every_path(client: FlaskClient, host: str) -> None:
    for path in ("/", "/content/", "/assets/style.css", "/_dash-layout"):
        answer = client.get(path, headers={"Host": host})
        assert answer.status_code == 403
        assert "digits" not in answer.text
    assert "--allow-host" in answer.text
    assert len(answer.text.splitlines()) == 1
    assert len(answer.text) < 300


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST.:80", "127.0.0.1:8050", "127.8.8.8", "[::1]:8050", "bench.example:99"]
)
def test_its_own_names_are_answered(bench: Any, host: str) -> None:
    client = create_app(bench.url, names=["Bench.example"]).server.test_client()
    assert client.get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.0.2.7"])
def test_what_others_reach_is_known_by_any_address_and_by_the_machines_name(bench: Any, address: str) -> None:
    client = create_app(bench.url, address).server.test_client()
    for host in ("192.0.2.7:8050", "[2001:db8::1]", socket.gethostname(), f"{socket.gethostname()}.local"):
        assert client.get("/", headers={"Host": host}).status_code == 200
    assert client.get("/", headers={"Host": "evil.example"}).status_code == 403


@pytest.mark.parametrize("known", ["192.0.2.7", "2001:db8::1", "[2001:DB8:0::1]"])
def test_behind_a_proxy_it_is_known_by_the_addresses_that_are_named(bench: Any, known: str) -> None:
    client = create_app(bench.url, names=[known]).server.test_client()
    own = "192.0.2.7" if ":" not in known else "[2001:db8::1]:8443"
    assert client.get("/", headers={"Host": own}).status_code == 200
    assert client.get("/", headers={"Host": "192.0.2.8"}).status_code == 403


@dataclass(frozen=True)
class Served:
    """A dashboard as `hil dashboard` serves it."""

    port: int
    log: Path

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, str]:
        """The status and the text of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WAIT_S)
        try:
            with suppress(ConnectionError):  # it may have answered, and closed, before it was told all
                connection.request(method, path, body or None, headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("served")
    url = f"sqlite:///{folder / 'results.db'}"
    with Store.open(url):
        pass
    command = [sys.executable, "-m", "hil", "dashboard", "--db", url, "--port", "0"]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(interruptible(command), stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            assert server.stdout is not None
            port = int(server.stdout.readline().split()[1].rpartition(":")[2])
            yield Served(port, folder / "log")
        finally:
            server.kill()
            server.communicate()


BODIES = {
    "nothing": b"",
    "no JSON": b"{",
    "no UTF-8": b"\xff\xfe",
    "a list": b"[]",
    "null": b"null",
    "a number": b"5",
    "no output": b"{}",
    "no inputs": b'{"output":"page.children"}',
    "no such output": b'{"output":"x.y","outputs":{"id":"x","property":"y"},"inputs":[],"changedPropIds":[]}',
    "other types": b'{"output":5,"outputs":5,"inputs":5,"changedPropIds":5}',
    "nested deeply": b"[" * 30_000,
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_a_callback_that_is_none_is_refused_in_one_line(served: Served, body: bytes) -> None:
    status, said = served.ask("POST", CALLBACK, body, **{"Content-Type": "application/json"})
    assert status == 400
    assert len(said.splitlines()) == 1
    assert served.log.read_text() == ""


def test_a_large_body_and_a_long_address_are_refused(served: Served) -> None:
    callback = json.dumps({"output": "page.children", "inputs": [], "more": "x" * 66_000}).encode()
    assert served.ask("POST", CALLBACK, callback, **{"Content-Type": "application/json"})[0] == 413
    assert served.ask("GET", "/?" + "model=m&" * 9000)[0] == 431
    assert served.ask("GET", "/", **{f"X-{number}": "x" * 90 for number in range(99)})[0] == 200
    assert served.ask("GET", "/", **{"X-Long": "x" * 66_000})[0] == 431
    assert served.log.read_text() == ""


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere/at%00all", 200),
        ("GET", "/%ff%fe", 200),
        ("GET", "/content/%00", 200),
        ("GET", "/content/series?metric=%00&runs=" + "9" * 5000, 200),
        ("GET", "/content/profile?board=%00&run=" + "9" * 5000, 200),
        ("GET", "/assets/%00", 404),
        ("GET", "/assets/..%2fapp.py", 404),
        ("GET", "/_dash-component-suites/dash/..%2f..%2f..%2fetc/passwd", 404),
        ("GET", "/_dash-component-suites/os/path.py", 404),
        ("GET", "/_dash-component-suites/dash/%00", 404),
        ("HEAD", "/", 200),
        ("HEAD", "/content/", 200),
        ("OPTIONS", "/", 200),
        ("POST", "/", 405),
        ("PUT", "/content/", 405),
        ("DELETE", "/series", 405),
        ("NONSENSE", "/", 405),
    ],
)
def test_odd_requests_get_an_answer_and_leave_no_traceback(
    served: Served, method: str, path: str, status: int
) -> None:
    assert served.ask(method, path)[0] == status
    assert served.log.read_text() == ""


BEGUN = (b"GET / HTTP/1.1\r\nHost: ", b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n")


@pytest.mark.parametrize("begun", BEGUN)
def test_unfinished_requests_do_not_keep_others_out(served: Served, begun: bytes) -> None:
    with ExitStack() as held:
        for _ in range(UNFINISHED):
            connection = socket.create_connection(("127.0.0.1", served.port), timeout=WAIT_S)
            held.enter_context(connection).sendall(begun)
        assert served.ask("GET", "/content/")[0] == 200
