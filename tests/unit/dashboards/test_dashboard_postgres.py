"""The pages of a database on PostgreSQL, where a server is installed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from hil.measure.profile import Profile
from hil_dashboards.app import create_app
from hil_dashboards.choices.triage import TriageChoice
from hil_dashboards.reading.regressions import read_triage
from hil_db import triage
from hil_db.histories import Case
from hil_db.progress import Progress, Teller, Working
from hil_db.records import RunInfo
from hil_db.store import Store
from hil_db.triage import Decided, Decision
from logged_sessions import LOGGED, full
from postgres_server import Server, running_server


@pytest.fixture(scope="module")
def cluster() -> Iterator[Server]:
    with running_server() as started:
        yield started


@pytest.fixture
def url(cluster: Server) -> str:
    """A new database on the server."""
    return cluster.new_database()


def test_a_decision_is_kept(bench: Any) -> None:
    for day, cost in ((1, 1000), (2, 1200)):
        bench.run(bench.session(day, bench.cost(cost, "joulescope model of STM32G431 currents by shape")))
    data = read_triage(bench.url, TriageChoice())
    (found,) = data.found
    assert data.now is not None
    told = (1200.0, data.now.uid or "", "ann", "::1", datetime(2026, 11, 3, tzinfo=UTC), "known")
    with Store.open(bench.url) as store:
        triage.decide(store, Decided(found.subject, Decision.ACKNOWLEDGED, *told))
    (found,) = read_triage(bench.url, TriageChoice()).found
    assert found.standing.told == "acknowledged 2026-11-03 by ann"


def test_every_page_reads_it_whatever_the_address(bench: Any, profile: Profile) -> None:
    bench.run(bench.session(1, bench.cost(100), bench.estimate(61_200), profile=profile))
    client = create_app(bench.url).server.test_client()
    case = "board=qemu&kind=kind_a&model=digits&precision=q15"
    for path, said in (
        ("/content/", "61,200"),
        ("/content/series?metric=latency_cycles", "clock 25 MHz, wait states 0"),
        (f"/content/profile?{case}", "tanh<16>"),
        (f"/content/profile?{case}&run=999999999", "No session of run 999999999"),
        ("/content/series?model=%00&board=%ff&metric=%ed%a0%80", "100"),
        ("/content/profile?board=%00&kind=%00&model=%00&precision=%00", "The links to them stand"),
        ("/content/profile?board=%ff&kind=k&model=m&precision=p", "No profile"),
        ("/content/triage?baseline=%00&show=%ff", "Nothing to compare with yet"),
        ("/content/triage?baseline=%ed%a0%80%27--", "Nothing to compare with yet"),
        ("/content/boards", "1 image finished"),
        ("/content/runs", "/run?run=1"),
        ("/content/runs?board=qemu&status=interrupted&of=imported&page=999999999", "No such run"),
        ("/content/runs?branch=%00&board=%ff&host=%ed%a0%80%27--&baseline=%ed%a0%80%27--", "/run?run=1"),
        ("/content/run", "all of which finished"),
        ("/content/run?run=999999999&baseline=%ed%a0%80%27--", "Ignored"),
        ("/content/pareto", "digits/q15"),
        ("/content/pareto?board=%00&x=%ff&model=%ed%a0%80&by=a:b:c&baseline=%ed%a0%80%27--", "Ignored"),
        ("/content/live", "The last one, run 1, finished at"),
    ):
        answer = client.get(path).get_json()
        assert said in str(answer), path
        assert "secret" not in str(answer)


def test_runs_are_compared(bench: Any) -> None:
    for day, cost in ((1, 1000), (2, 1200)):
        bench.run(bench.session(day, bench.cost(cost)), git_branch="main", git_tags=("v1",))
    client = create_app(bench.url).server.test_client()
    assert client.get("/worse?now=2&before=1").get_json()["worse"] == 1
    (told,) = client.get("/worse?now=2&before=1").get_json()["told"]
    assert "1,000 -> 1,200" in told
    assert "1,200" in client.get("/content/run?run=2").text
    assert '"told":' in client.get("/content/runs").text


def test_a_session_is_read_with_all_that_belongs_to_it(bench: Any) -> None:
    bench.run(full())
    client = create_app(bench.url).server.test_client()
    for search, said in (
        ("session=1", LOGGED[1]),
        ("session=1&plot=order&memory=ram", "arena"),
        ("session=1&metric=%00&technique=%ff&plot=%ed%a0%80", "98 of 100 vectors right"),
        ("session=999999999", "There is no session 999999999"),
        ("session=%00", "names one"),
    ):
        assert said in str(client.get(f"/content/session?{search}").get_json()), search


def test_a_run_in_progress_is_followed(bench: Any) -> None:
    bench.run(bench.session(1, bench.cost(1000)))
    case = Case("qemu", "kind_a", "digits", "q15")
    info = RunInfo(datetime.now(UTC), "pytest", pid=os.getpid(), uid="a" * 32)
    client = create_app(bench.url).server.test_client()
    with Store.open(bench.url) as store, Teller(store.url, info) as teller:
        teller.tell(Progress((case,), {"qemu": 1}, (Working(0, 60, 540, 3.0, 1.0),)))
        told = str(client.get("/content/live").get_json())
        assert "0 of 1 image done; under 10 s left." in told
        assert "60 of 540" in told
