"""The pages of runs: which there are, how each went, what it is compared with."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from typing import Any

import pytest

from component_tree import words
from hil_dashboards import text
from hil_dashboards.app import create_app, render, written
from hil_dashboards.choices.run import RunChoice, RunsChoice, Sort, parse_run, parse_runs
from hil_dashboards.reading import comparing
from hil_dashboards.reading import runs as reading
from hil_dashboards.reading.runs import RunFacts, read_runs
from hil_db import baselines
from hil_db.baselines import Baseline
from hil_db.records import Status
from hil_db.store import Store

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def listed(url: str, **choice: Any) -> list[int]:
    return [one.id for one in read_runs(url, RunsChoice(**choice)).runs]


@pytest.fixture
def several(bench: Any) -> Any:
    """1 and 3 on main, 2 on side, 4 of a bisection, 5 goes on but its process is gone, 6 is imported."""
    bench.run(bench.session(1, bench.cost(1000)), git_branch="main", git_tags=("v1", "first"))
    bench.run(bench.session(2, bench.cost(1000), board="desk"), git_branch="side")
    bench.run(
        bench.session(3, bench.cost(1000)),
        bench.session(3, board="desk", error="no frame in 2 s"),
        bench.session(3, board="desk", model="large", error="desk: the image does not fit, by 12 KB"),
        git_branch="main",
        dirty=True,
        note="a file is not in the commit",
    )
    bench.run(bench.session(4, bench.cost(1000)), command="hil bisect latency_cycles", git_branch="main")
    bench.begin(datetime(2026, 11, 5, 3, tzinfo=UTC), bench.session(5, bench.cost(1)), git_branch="main")
    bench.run(bench.session(6, bench.cost(1000)), git_branch="main")
    bench.change("UPDATE run SET pid = 0 WHERE id = 5")
    bench.change("UPDATE run SET origin = 'sqlite:///other.db' WHERE id = 6")
    return bench


def test_runs_are_the_newest_first_with_how_each_went(several: Any) -> None:
    data = read_runs(several.url, RunsChoice())
    assert [one.id for one in data.runs] == [6, 5, 4, 3, 2, 1]
    assert [one.sort for one in data.runs] == [
        Sort.IMPORTED,
        Sort.BENCH,
        Sort.TRIAL,
        Sort.BENCH,
        Sort.BENCH,
        Sort.BENCH,
    ]
    assert data.runs[1].status is Status.INTERRUPTED, "its process is gone"
    assert data.runs[1].seconds is None
    third = data.runs[3]
    assert (third.sessions, third.failed, third.not_fit) == (3, 1, 1)
    assert [one.board for one in third.boards] == ["desk", "qemu"]
    assert (third.dirty, third.note) == (True, "a file is not in the commit")
    assert data.runs[5].tags == ("v1", "first")
    assert (data.branches, data.boards) == (["main", "side"], ["desk", "qemu"])


def test_a_run_is_compared_with_the_one_before_it_on_its_branch(several: Any) -> None:
    before = {one.id: one.before for one in read_runs(several.url, RunsChoice()).runs}
    assert before == {1: None, 2: None, 3: 1, 4: None, 5: 3, 6: None}


def test_runs_without_a_branch_have_one_before_them_too(bench: Any) -> None:
    for day in (1, 2):
        bench.run(bench.session(day, bench.cost(1000)))
    assert [one.before for one in read_runs(bench.url, RunsChoice()).runs] == [1, None]


@pytest.mark.parametrize(
    ("choice", "found"),
    [
        ({"branch": "side"}, [2]),
        ({"board": "desk"}, [3, 2]),
        ({"status": Status.INTERRUPTED}, [5]),
        ({"status": Status.RUNNING}, []),
        ({"status": Status.FINISHED}, [6, 4, 3, 2, 1]),
        ({"sort": Sort.TRIAL}, [4]),
        ({"sort": Sort.IMPORTED}, [6]),
        ({"sort": Sort.BENCH, "branch": "main"}, [5, 3, 1]),
    ],
    ids=str,
)
def test_some_runs_alone_are_chosen(several: Any, choice: dict[str, Any], found: list[int]) -> None:
    assert listed(several.url, **choice) == found


def test_what_nothing_is_stored_of_is_told(several: Any) -> None:
    data = read_runs(several.url, RunsChoice(branch="nowhere", board="desk"))
    assert data.ignored == ["nowhere"]
    assert [one.id for one in data.runs] == [3, 2]
    assert "Ignored, as nothing is stored of it: nowhere" in words(
        render(several.url, "here", "/runs", "branch=nowhere")
    )


def test_many_runs_take_several_pages(several: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "RUNS_A_PAGE", 4)
    assert listed(several.url) == [6, 5, 4, 3]
    assert listed(several.url, page=2) == [2, 1]
    assert listed(several.url, page=9) == [2, 1], "the last there is"
    page = words(render(several.url, "here", "/runs", "page=2"))
    assert "page 2 of 2" in page
    assert "← newer" in page
    assert "older →" not in page


def test_the_page_tells_a_bisection_an_import_and_what_fits_not(several: Any) -> None:
    page = written(render(several.url, "here", "/runs", ""))
    for told in (
        "bisect trial",
        "imported from sqlite:///other.db",
        '"href":"/run?run=3"',
        "cccccccccc + changes",
    ):
        assert told in page
    assert "No such run" in words(render(several.url, "here", "/runs", "status=hangup"))


def test_baselines_stand_beside_a_run_s_tags(several: Any) -> None:
    with Store.open(several.url) as store:
        for name in ("release", "golden", "gone"):
            baselines.add(store, Baseline(name, facts(several.url, 1).uid, "ann", NOW, "what we ship"))
        baselines.add(store, Baseline("gone", None, "ann", NOW, "not any more"))
    assert facts(several.url, 1).names == ("golden", "release")


def facts(url: str, run: int) -> RunFacts:
    return next(one for one in read_runs(url, RunsChoice()).runs if one.id == run)


def test_an_empty_database_has_no_runs(bench: Any) -> None:
    assert "No results yet" in words(render(bench.url, "here", "/runs", ""))


def test_what_a_damaged_row_holds_is_told(several: Any) -> None:
    several.change("UPDATE run SET git_tags = ? WHERE id = 2", json.dumps({"a": 1}))
    assert "The results cannot be read" in words(render(several.url, "here", "/runs", ""))


@pytest.mark.parametrize(
    "choice",
    [
        RunsChoice(),
        RunsChoice("a&b=c #é", "host", "board", Status.FAILED, Sort.TRIAL, "v1/x", 7),
    ],
)
def test_a_choice_of_runs_is_in_its_address(choice: RunsChoice) -> None:
    assert parse_runs(choice.href().partition("?")[2]) == choice


@pytest.mark.parametrize("choice", [RunChoice(), RunChoice(12, "a&b")])
def test_a_choice_of_a_run_is_in_its_address(choice: RunChoice) -> None:
    assert parse_run(choice.href().partition("?")[2]) == choice


@pytest.mark.parametrize("search", ["page=0", "page=x", "page=99999999999", "status=odd&of=odd", "page=-1"])
def test_nonsense_in_an_address_is_dropped(search: str) -> None:
    assert parse_runs(search) == RunsChoice()


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0.04, "0.0 s"),
        (59.9, "59.9 s"),
        (60, "1 min 00 s"),
        (125.4, "2 min 05 s"),
        (3599.7, "1 h 00 min"),
        (8000, "2 h 13 min"),
    ],
)
def test_how_long_something_took(seconds: float, told: str) -> None:
    assert text.duration(seconds) == told


def worse(url: str, run: int, **choice: Any) -> Any:
    found = read_runs(url, RunsChoice(**choice)).worse.get(run)
    return found and (found.before, found.summary and (found.summary.worse, found.summary.better))


@pytest.fixture
def slower(bench: Any) -> Any:
    """The second run takes more instructions than the first, the third less, and twice as long to stream."""
    for day, cost, seconds in ((1, 1000, 1.0), (2, 1200, 1.0), (3, 900, 2.0)):
        bench.run(bench.session(day, bench.cost(cost), bench.stream(seconds)), git_branch="main")
    return bench


def test_what_was_worse_is_told_when_somebody_asked(slower: Any) -> None:
    assert [worse(slower.url, run) for run in (1, 2, 3)] == [None, (1, None), (2, None)]
    client = create_app(slower.url).server.test_client()
    for run, found in ((2, (1, 0)), (3, (0, 1))):
        answer = client.get(f"/worse?now={run}&before={run - 1}")
        assert (answer.get_json()["worse"], answer.get_json()["better"]) == found
        assert worse(slower.url, run) == (run - 1, found)
    assert "1,000 -> 1,200 (+20 %)" in client.get("/worse?now=2&before=1").get_json()["told"][0]
    assert "1,200 -> 900" in client.get("/worse?now=3&before=2").get_json()["told"][0]
    assert all("Stream" not in one for one in client.get("/worse?now=3&before=2").get_json()["told"])


def test_what_was_worse_stays_known_when_newer_runs_come(slower: Any) -> None:
    comparing.worse(slower.url, "now=2&before=1")
    slower.run(slower.session(4, slower.cost(900)), git_branch="main")
    assert worse(slower.url, 2) == (1, (1, 0))
    slower.run(slower.session(1, slower.cost(900)), git_branch="main")
    assert worse(slower.url, 2) == (5, None), "an older one that is stored later may change it"


def test_runs_are_held_against_a_chosen_baseline(slower: Any) -> None:
    with Store.open(slower.url) as store:
        baselines.add(store, Baseline("release", facts(slower.url, 1).uid, "ann", NOW, "what we ship"))
    assert [worse(slower.url, run, baseline="release") for run in (1, 2, 3)] == [None, (1, None), (1, None)]
    comparing.worse(slower.url, "now=3&before=1")
    assert worse(slower.url, 3, baseline="release") == (1, (0, 1))
    assert read_runs(slower.url, RunsChoice(baseline="relaese")).ignored == ["relaese"]
    assert worse(slower.url, 3, baseline="relaese") == (2, None)


def test_trials_and_runs_that_go_on_are_not_judged(several: Any) -> None:
    several.begin(NOW, several.session(7, several.cost(1)), git_branch="main", pid=os.getpid())
    found = read_runs(several.url, RunsChoice()).worse
    assert sorted(found) == [3, 5]
    page = written(render(several.url, "here", "/runs", ""))
    for told in ("it has not ended", "judged by the bisection alone", "no run before it on its branch"):
        assert told in page
