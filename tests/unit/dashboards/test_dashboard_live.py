"""The page of runs in progress: each with its boards, or when the last one ended."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select

from component_tree import nodes, words
from hil_dashboards.app import render
from hil_dashboards.pages.live import live_page
from hil_dashboards.reading.live import read_live
from hil_db.histories import Case
from hil_db.progress import Ended, Mishap, Progress, Teller, Working
from hil_db.records import Incident, RunInfo, Status
from hil_db.schema import PROGRESS
from hil_db.store import Store

NOW = datetime.now(UTC)
INFO = RunInfo(NOW, "pytest --board=all", pid=os.getpid(), uid="a" * 32, git_commit="c" * 40)
PLAN = tuple(
    Case(board, "kind_a", "digits", precision) for board in ("qemu", "desk") for precision in ("q15", "q7")
)
HALF = Progress(
    PLAN,
    {"qemu": 2, "desk": 1},
    (Working(1, 120, 540, 9.0, 2.0), Working(3, 0, 0, 1.0, 0.0, waits=True)),
    (Ended(0, 18.0, "finished"), Ended(2, 3.0, "failed", "desk: no frame in 2.0 s")),
)


@contextmanager
def told(url: str, progress: Progress = HALF, info: RunInfo = INFO) -> Iterator[None]:
    with Store.open(url) as store, Teller(store.url, info) as teller:
        teller.tell(progress)
        yield


def left_behind(url: str, **changed: Any) -> None:
    """A row that nobody removes."""
    with Store.open(url) as store:
        with Teller(store.url, INFO) as teller:
            teller.tell(HALF)
            with store.engine.connect() as connection:
                row = dict(connection.execute(select(PROGRESS)).mappings().one())
        with store.writing() as connection:
            connection.execute(insert(PROGRESS), {**row, **changed})


def shown(url: str) -> str:
    return words(render(url, "place", "/live", ""))


def rows(url: str, which: str) -> list[dict[str, Any]]:
    tree = render(url, "place", "/live", "")
    return next(one.rowData for one in nodes(tree) if str(getattr(one, "id", "")).endswith(which))


def test_none_in_progress_tells_when_the_last_one_ended(bench: Any) -> None:
    bench.run(bench.session(1, bench.cost(1000)))
    assert "No run is in progress. The last one, run 1, finished at " in shown(bench.url)


def test_none_at_all(bench: Any) -> None:
    assert "No run is in progress. None has ended yet." in shown(bench.url)


def test_a_run_is_told_by_board_and_image(bench: Any) -> None:
    bench.run(bench.session(1, bench.cost(1000)))  # qemu digits/q15 took 9 s
    with told(bench.url):
        page = shown(bench.url)
        assert "1 run in progress." in page
        assert "A run that has stored no session yet" in page
        assert "2 of 4 images done, 1 failed; about 20 s left." in page  # desk's: 18 s as others, 1 s over
        assert "the mean of those" not in page
        boards = rows(bench.url, "-boards")
        assert [(one["board"], one["done"]["text"], one["failed"]["text"]) for one in boards] == [
            ("qemu × 2", "1 of 2", "0"),
            ("desk", "1 of 2", "1"),
        ]
        first, second = rows(bench.url, "-work")
        assert (first["image"], first["under"]) == ("digits", "q7 on qemu")
        assert (first["vectors"]["text"], first["rate"]) == ("120 of 540", "60/s")
        assert (second["vectors"], second["doing"]) == (None, "waits for a processor")
        (failure,) = rows(bench.url, "-failures")
        assert (failure["under"], failure["status"]) == ("q15 on desk", "failed")
        assert failure["why"] == "desk: no frame in 2.0 s"
    assert "No run is in progress." in shown(bench.url)


def test_of_few_vectors_a_run_takes_less_than_former_ones_did(bench: Any) -> None:
    bench.run(
        *(bench.session(1, bench.vectors(500), bench.stream(8.0), board=one) for one in ("qemu", "desk"))
    )
    plan = tuple(Case(board, "kind_a", "digits", "q15") for board in ("qemu", "desk"))
    with told(bench.url, Progress(plan, {"qemu": 1, "desk": 1}, vectors=(50, None))):
        (run,) = read_live(bench.url).runs
        assert run.remaining.boards == {"qemu": 1.0 + 0.8, "desk": 9.0}
        assert "at the pace of its vectors then, for as many as are asked for now" in shown(bench.url)


def test_what_never_finished_before_is_told_to_be_guessed(bench: Any) -> None:
    with told(bench.url):
        assert "None of the images that are left has ever finished before" in shown(bench.url)


def test_several_runs_stand_beside_each_other_and_lead_to_their_pages(bench: Any) -> None:
    with Store.open(bench.url) as store:
        number = store.begin_run(INFO, bench.session(1, bench.cost(1000)))
    other = replace(INFO, uid="b" * 32, started=NOW + timedelta(seconds=5))
    with told(bench.url), told(bench.url, info=other):
        data = read_live(bench.url)
        assert [one.number for one in data.runs] == [None, number]
        assert data.untold == []
        page = live_page(data)
        assert "2 runs in progress." in words(page)
        assert f"/run?run={number}" in [getattr(one, "href", "") for one in nodes(page)]


def test_a_run_of_which_nothing_is_told_is_named(bench: Any) -> None:
    bench.begin(NOW, bench.session(1, bench.cost(1000)), pid=os.getpid())
    page = shown(bench.url)
    assert "Run 1 It is stored as running on" in page
    assert "1 session of it is stored, 0 of them did not finish." in page


def test_a_run_whose_process_is_gone_says_so(bench: Any) -> None:
    left_behind(bench.url, pid=0)
    page = shown(bench.url)
    assert "No run is in progress. One was, whose process is gone." in page
    assert f"Its process on {socket.gethostname()} is gone" in page
    assert "By then 2 of 4 images done, 1 failed." in page
    assert rows(bench.url, "-boards")[0]["left"] is None


def test_a_run_of_another_host_that_is_silent_says_so(bench: Any) -> None:
    left_behind(bench.url, host="elsewhere", updated=NOW - timedelta(minutes=5))
    assert "Nothing was heard of it since" in shown(bench.url)


def test_what_befell_the_bench_is_listed_the_newest_first(bench: Any) -> None:
    before = [
        Incident("qemu", kind, "reset", NOW + timedelta(seconds=place)) for place, kind in enumerate("ab")
    ]
    session = replace(bench.session(1, bench.cost(1000)), incidents=tuple(before))
    with Store.open(bench.url) as store:
        store.begin_run(INFO, session)
    with told(bench.url, replace(HALF, mishaps=(Mishap("qemu", "serial port lost", "reset"),))):
        assert [one["kind"] for one in rows(bench.url, "-incidents")] == ["serial port lost", "b", "a"]


def test_a_session_of_the_run_itself_tells_nothing_of_before(bench: Any) -> None:
    bench.run(bench.session(1, bench.cost(1000)))
    later = bench.session(2, bench.cost(1000))
    with Store.open(bench.url) as store:
        store.begin_run(INFO, replace(later, finished=later.started + timedelta(seconds=18)))
    with told(bench.url):
        (run,) = read_live(bench.url).runs
    assert (run.remaining.pace, run.remaining.told) == (2.0, 1)


@pytest.mark.parametrize("state", [{"working": [{"lace": 1}]}, {}, []])
def test_a_damaged_row_is_told_with_what_helps(bench: Any, state: Any) -> None:
    left_behind(bench.url, state=state)
    assert "hil db check" in shown(bench.url)


def test_of_a_run_that_ended_as_it_was_told(bench: Any) -> None:
    bench.run(bench.session(1, bench.cost(1000)))
    bench.change("UPDATE run SET status = 'terminated'")
    assert "run 1, was terminated at " in shown(bench.url)
    data = read_live(bench.url)
    assert data.last is not None
    assert data.last.status is Status.TERMINATED
