"""What got worse, what people decide of it through the one way to change anything, and who may."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from component_tree import words
from hil.errors import StoreError
from hil_dashboards.app import create_app, render
from hil_dashboards.choices.triage import TriageChoice, parse_triage
from hil_dashboards.reading import comparing, comparisons
from hil_dashboards.reading.regressions import read_triage
from hil_dashboards.serving import users
from hil_dashboards.serving.access import chosen
from hil_dashboards.serving.users import Role
from hil_db import baselines, triage
from hil_db.baselines import Baseline
from hil_db.store import Store
from hil_db.triage import Decided, Decision, Subject, standing

SUBJECT = Subject("qemu", "kind_a", "digits", "q15", "instructions", "timer")
NOW = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.fixture
def worse(bench: Any) -> Any:
    """Two runs: the second takes a fifth more instructions, and four bytes in a thousand of flash."""
    bench.run(bench.session(1, bench.cost(1000), bench.flash(1000)))
    bench.run(bench.session(2, bench.cost(1200), bench.flash(1004)))
    return bench


def test_what_got_worse_is_there_the_worst_first(worse: Any) -> None:
    data = read_triage(worse.url, TriageChoice())
    assert [(one.subject.metric, round(one.share, 4)) for one in data.found] == [
        ("instructions", 0.2),
        ("flash_bytes", 0.004),
    ]
    assert [one.standing.open for one in data.found] == [True, True]
    assert data.now is not None
    assert data.before is not None
    assert (data.now.id, data.before.id) == (2, 1)


def test_the_page_does_not_wait_for_a_comparison_of_many_images(
    worse: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparisons, "_SOON", 1)
    data = read_triage(worse.url, TriageChoice(), at_once=True)
    assert (data.waits, data.found) == (True, [])
    page = words(render(worse.url, "here", "/triage", ""))
    assert "Comparing run 2 with run 1" in page
    assert "Nothing is open" not in page
    assert comparing.answer(worse.url, "now=2&before=1")[0] == 200
    assert "2 open." in words(render(worse.url, "here", "/triage", ""))


def test_a_named_baseline_is_what_is_compared_with_and_another_may_be_chosen(worse: Any) -> None:
    worse.run(worse.session(3, worse.cost(1100), worse.flash(1000)))
    assert read_triage(worse.url, TriageChoice()).found == []
    with Store.open(worse.url) as store:
        baselines.add(store, Baseline("release", run_uid(worse.url, 1), "ann", NOW, "what we ship"))
    data = read_triage(worse.url, TriageChoice())
    assert [one.subject.metric for one in data.found] == ["instructions"]
    assert data.names == ["release"]
    assert read_triage(worse.url, TriageChoice("2")).found == []
    data = read_triage(worse.url, TriageChoice("relaese"))
    assert (data.ignored, data.before and data.before.id) == ("relaese", 1)


def test_the_first_run_is_compared_with_nothing(bench: Any) -> None:
    assert read_triage(bench.url, TriageChoice()).newest is None
    bench.run(bench.session(1, bench.cost(1000)))
    data = read_triage(bench.url, TriageChoice())
    assert (data.before, data.found) == (None, [])
    assert data.alone is not None


def test_a_first_run_that_goes_on_is_no_damage(bench: Any) -> None:
    bench.begin(datetime(2026, 11, 1, tzinfo=UTC), bench.session(1, bench.cost(1000)), pid=os.getpid())
    page = str(render(bench.url, "here", "/triage", ""))
    assert "Nothing to compare with yet" in page
    assert "No run has ended" in page


def test_what_is_stored_later_is_seen(worse: Any) -> None:
    assert len(read_triage(worse.url, TriageChoice()).found) == 2
    worse.run(worse.session(3, worse.cost(1200), worse.flash(1010)))
    assert [one.subject.metric for one in read_triage(worse.url, TriageChoice()).found] == ["flash_bytes"]
    assert len(read_triage(worse.url, TriageChoice("1")).found) == 2


@pytest.mark.parametrize(
    "choice", [TriageChoice(), TriageChoice("a&b=c #é"), TriageChoice("release", every=True)]
)
def test_a_choice_is_in_its_address(choice: TriageChoice) -> None:
    assert parse_triage(choice.href().partition("?")[2]) == choice


def decided(decision: Decision, **more: Any) -> Decided:
    told = {
        "value": 1200.0,
        "run_uid": "u",
        "author": "ann",
        "address": "::1",
        "time": NOW,
        "reason": "known",
    }
    return Decided(SUBJECT, decision, **{**told, **more})  # type: ignore[arg-type]


DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("one", "value", "began", "now", "is_open"),
    [
        (None, 1200.0, NOW, NOW, True),
        (decided(Decision.ACKNOWLEDGED), 1200.0, NOW + DAY, NOW + DAY, False),
        (decided(Decision.ACKNOWLEDGED), 1100.0, NOW + DAY, NOW + DAY, False),
        (decided(Decision.ACKNOWLEDGED), 1201.0, NOW + DAY, NOW + DAY, True),
        (decided(Decision.IGNORED, until=NOW + DAY), 1500.0, NOW, NOW, False),
        (decided(Decision.IGNORED, until=NOW + DAY), 1200.0, NOW, NOW + DAY, True),
        (decided(Decision.FIXED, commit="0123abc"), 1200.0, NOW - DAY, NOW, False),
        (decided(Decision.FIXED, commit="0123abc"), 1200.0, NOW + DAY, NOW + DAY, True),
        (decided(Decision.REOPENED), 1200.0, NOW, NOW, True),
    ],
)
def test_how_a_regression_stands(
    one: Decided | None, value: float, began: datetime, now: datetime, is_open: bool
) -> None:
    assert standing(one, value, exact=True, run_began=began, now=now).open is is_open


def test_a_noisy_value_may_be_a_little_worse_than_what_was_acknowledged() -> None:
    one = decided(Decision.ACKNOWLEDGED)
    for value, is_open in ((1200 * 1.04, False), (1200 * 1.06, True)):
        assert standing(one, value, exact=False, run_began=NOW, now=NOW).open is is_open


def test_an_accuracy_is_worse_when_it_falls() -> None:
    one = Decided(SUBJECT._replace(metric="accuracy"), Decision.ACKNOWLEDGED, 0.9, "u", "a", "", NOW, "known")
    for value, is_open in ((0.89, True), (0.91, False)):
        assert standing(one, value, exact=True, run_began=NOW, now=NOW).open is is_open


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (decided(Decision.ACKNOWLEDGED, reason="  "), "a reason"),
        (decided(Decision.ACKNOWLEDGED, reason="x" * 2001), "a reason"),
        (decided(Decision.ACKNOWLEDGED, until=NOW + DAY), "until a day"),
        (decided(Decision.IGNORED), "until a day"),
        (decided(Decision.IGNORED, until=NOW), "to come"),
        (decided(Decision.FIXED), "by a commit"),
        (decided(Decision.FIXED, commit="main"), "hexadecimal"),
    ],
)
def test_a_decision_that_makes_no_sense_is_refused(worse: Any, one: Decided, why: str) -> None:
    with Store.open(worse.url) as store:
        with pytest.raises(StoreError, match=why):
            triage.decide(store, one)
        with store.engine.connect() as connection:
            assert triage.history(connection) == []


def test_decisions_stay_and_the_newest_counts(worse: Any) -> None:
    with Store.open(worse.url) as store:
        for place, decision in enumerate((Decision.ACKNOWLEDGED, Decision.REOPENED)):
            triage.decide(store, decided(decision, time=NOW + place * DAY, reason="a\0b"))
        with store.engine.connect() as connection:
            assert [one.decision for one in triage.history(connection)] == ["reopened", "acknowledged"]
            assert triage.history(connection, 1)[0].reason == "a\\x00b"
            assert triage.current(connection)[SUBJECT].decision is Decision.REOPENED


@pytest.fixture(scope="module")
def people() -> dict[str, users.User]:
    return {name: users.made(name, role, None) for name, role in (("ann", Role.TRIAGE), ("bob", Role.READER))}


@pytest.fixture
def client(worse: Any, tmp_path: Path, people: dict[str, users.User]) -> FlaskClient:
    """A proxy says who it is: a password's hash takes its time."""
    file = tmp_path / "users"
    users.write(file, people)
    access = chosen("header", file, ["127.0.0.1"])
    return create_app(worse.url, access=access).server.test_client()


def run_uid(url: str, run: int = 2) -> str:
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as raw:
        (uid,) = raw.execute("SELECT uid FROM run WHERE id = ?", (run,)).fetchone()
    return str(uid)


def guard_of(client: FlaskClient, name: str) -> str:
    text = client.get("/content/", headers={"X-Remote-User": name}).text
    return text.partition('"data-guard":"')[2].partition('"')[0]


def ask(client: FlaskClient, given: Any, name: str = "ann", **headers: str) -> TestResponse:
    told = {"X-Remote-User": name, "X-HIL-Guard": guard_of(client, name), "Origin": "http://localhost"}
    return client.post("/api/triage", json=given, headers={**told, **headers})


@pytest.fixture
def given(worse: Any) -> dict[str, str]:
    return {
        **SUBJECT._asdict(),
        "run": run_uid(worse.url),
        "decision": "acknowledged",
        "reason": "for accuracy",
    }


def stored(url: str) -> list[Decided]:
    with Store.open_read_only(url) as store, store.engine.connect() as connection:
        return triage.history(connection)


def test_a_decision_is_a_row_with_who_where_when_and_why(
    client: FlaskClient, worse: Any, given: dict[str, str]
) -> None:
    before = datetime.now(UTC)
    assert ask(client, given).status_code == 201
    (one,) = stored(worse.url)
    assert (one.subject, one.decision, one.author, one.reason) == (
        SUBJECT,
        "acknowledged",
        "ann",
        "for accuracy",
    )
    assert (one.value, one.run_uid, one.address) == (1200, run_uid(worse.url), "127.0.0.1")
    assert before <= one.time <= datetime.now(UTC)
    data = read_triage(worse.url, TriageChoice())
    assert [(item.subject.metric, item.standing.open) for item in data.found] == [
        ("flash_bytes", True),
        ("instructions", False),
    ]


@pytest.mark.parametrize(
    ("more", "kept"),
    [
        ({"decision": "ignored", "until": "2999-01-31"}, datetime(2999, 1, 31, tzinfo=UTC)),
        ({"decision": "fixed", "commit": " 0123ABC "}, "0123abc"),
        ({"decision": "reopened"}, None),
        ({"baseline": "1"}, None),
    ],
)
def test_what_else_a_decision_tells(
    client: FlaskClient, worse: Any, given: dict[str, str], more: dict[str, str], kept: Any
) -> None:
    assert ask(client, given | more).status_code == 201
    (one,) = stored(worse.url)
    assert (one.until or one.commit) == kept


REFUSED: list[tuple[Any, int]] = [
    ({"decision": "deleted"}, 400),
    ({"decision": "ignored", "until": "tomorrow"}, 400),
    ({"decision": "ignored", "until": "2001-01-01"}, 409),
    ({"decision": "ignored"}, 409),
    ({"decision": "fixed", "commit": "'; DROP TABLE triage; --"}, 409),
    ({"reason": ""}, 409),
    ({"reason": 5}, 400),
    ({"reason": "a\0b"}, 400),
    ({"author": "bob"}, 400),
    ({"run": "another"}, 409),
    ({"metric": "ram_bytes"}, 404),
    ({"technique": "plugin"}, 404),
]


@pytest.mark.parametrize(("more", "status"), REFUSED, ids=lambda one: str(one)[:40])
def test_what_is_no_decision_is_refused_and_told_why(
    client: FlaskClient, worse: Any, given: dict[str, str], more: dict[str, Any], status: int
) -> None:
    answer = ask(client, given | more)
    assert answer.status_code == status
    assert answer.get_json()["error"]
    assert stored(worse.url) == []


@pytest.mark.parametrize("name", [*SUBJECT._fields, "run", "decision", "reason"])
def test_what_a_decision_lacks_is_named(
    client: FlaskClient, worse: Any, given: dict[str, str], name: str
) -> None:
    answer = ask(client, {key: value for key, value in given.items() if key != name})
    assert (answer.status_code, answer.get_json()["error"]) == (400, f"{name} is missing")


@pytest.mark.parametrize("body", ["", "{", "[]", "null", "5", '"x"', "[" * 30_000])
def test_what_is_no_object_is_refused(client: FlaskClient, worse: Any, body: str) -> None:
    told = {"X-Remote-User": "ann", "X-HIL-Guard": guard_of(client, "ann")}
    answer = client.post("/api/triage", data=body, headers=told, content_type="application/json")
    assert answer.status_code == 400
    assert stored(worse.url) == []


def test_who_reads_alone_decides_nothing(client: FlaskClient, worse: Any, given: dict[str, str]) -> None:
    answer = ask(client, given, "bob")
    assert answer.status_code == 403
    assert "--role=triage" in answer.get_json()["error"]
    assert stored(worse.url) == []
    page = client.get("/content/triage", headers={"X-Remote-User": "bob"}).text
    assert "instructions" in page
    assert '"field":"decide"' not in page
    assert '"field":"decide"' in client.get("/content/triage", headers={"X-Remote-User": "ann"}).text


def test_nobody_decides_where_nobody_is_told_from_others(worse: Any, given: dict[str, str]) -> None:
    client = create_app(worse.url).server.test_client()
    assert client.post("/api/triage", json=given, headers={"Origin": "http://localhost"}).status_code == 403
    assert stored(worse.url) == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"X-HIL-Guard": ""},
        {"X-HIL-Guard": "0" * 64},
        {"X-Remote-User": "bob"},  # with ann's token
        {"X-Remote-User": ""},
    ],
    ids=str,
)
def test_no_other_page_decides(
    client: FlaskClient, worse: Any, given: dict[str, str], headers: dict[str, str]
) -> None:
    assert ask(client, given, **headers).status_code == 403
    assert stored(worse.url) == []


INJECTED = [
    "' OR 1=1 --",
    '"; DROP TABLE triage; --',
    "%' UNION SELECT uid FROM run --",
    "../../etc/passwd",
    "{{7*7}}",
    "<script>alert(1)</script>",
    "\u202e\x1b[31m",
    "x" * 5000,
    "%",
    "latest~1",
]
PARAMETERS = {
    "/series": ("metric", "model", "board", "precision", "runs"),
    "/profile": ("board", "kind", "model", "precision", "run"),
    "/triage": ("baseline", "show"),
}


@pytest.mark.parametrize("text", INJECTED, ids=lambda text: text[:24])
def test_an_address_is_never_more_than_text(worse: Any, text: str) -> None:
    """Whatever stands in any parameter, the page is one, it holds the text as text, and nothing changed."""
    client = create_app(worse.url).server.test_client()
    path = Path(worse.url.removeprefix("sqlite:///"))
    beside = sorted(one.name for one in path.parent.iterdir())
    for page, names in PARAMETERS.items():
        for name in names:
            answer = client.get(f"/content{page}", query_string={name: text})
            assert answer.status_code == 200
            assert "Main" in [one["type"] for one in answer.get_json()["props"]["children"]]
            assert "The results cannot be read" not in answer.text
    for address in (f"/content/{text}", f"/{text}"):
        assert client.get(address).status_code == 200
    assert "<script>alert" not in client.get("/", query_string={"x": text}).text
    with Store.open_read_only(worse.url) as store, store.engine.connect() as connection:
        assert triage.history(connection) == []
    assert [name for name in beside if name not in {one.name for one in path.parent.iterdir()}] == []
