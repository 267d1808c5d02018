"""The page of one run: where it comes from, what changed in it, its sessions, and what else was another."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from typing import Any

import pytest

from component_tree import nodes, words
from hil_dashboards.app import create_app, render, written
from hil_dashboards.choices.run import RunChoice
from hil_dashboards.pages.verdicts import moved
from hil_dashboards.reading import comparing, comparisons
from hil_dashboards.reading.run import RunData, Way, read_run, ways
from hil_db import baselines
from hil_db.baselines import Baseline
from hil_db.records import Incident
from hil_db.store import Store

NOW = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.fixture
def three(bench: Any) -> Any:
    """The second takes a fifth more instructions than the first, the third is as the first again."""
    for day, cost in ((1, 1000), (2, 1200), (3, 1000)):
        bench.run(
            bench.session(day, bench.cost(cost), bench.flash(5000), bench.vectors(540), bench.estimate(2000)),
            bench.session(day, model="large", error="does not fit, by 12 KB: it is larger than the board"),
            git_branch="main",
            versions={"hil": "0.1.0", "qemu": "7.2" if day == 1 else "10.0"},
            lab_path="/srv/lab.toml",
            lab_sha256=("a" if day < 3 else "b") * 64,
        )
    return bench


def read(url: str, run: int | None = None, baseline: str = "") -> RunData:
    return read_run(url, RunChoice(run, baseline))


def changes(data: RunData) -> list[tuple[str, str]]:
    assert data.comparison is not None
    return [(str(verdict.outcome), verdict.metric.name) for _, verdict in moved(data.comparison)]


def page(url: str, query: str) -> str:
    return words(render(url, "here", "/run", query))


def test_what_changed_is_told_against_the_run_before(three: Any) -> None:
    second, third = read(three.url, 2), read(three.url, 3)
    assert second.before is not None
    assert second.before.id == 1
    assert changes(second) == [("regression", "instructions")]
    assert changes(third) == [("improvement", "instructions")]
    assert (second.previous, second.next) == (1, 3)
    assert (third.previous, third.next) == (2, None)


def test_a_baseline_may_be_chosen_and_one_that_is_none_is_told(three: Any) -> None:
    uid = read(three.url, 1).run
    assert uid is not None
    with Store.open(three.url) as store:
        baselines.add(store, Baseline("release", uid.uid, "ann", NOW, "what we ship"))
    assert changes(read(three.url, 3, "release")) == []
    data = read(three.url, 3, "relaese")
    assert (data.ignored, data.before and data.before.id) == (("relaese",), 2)
    told = page(three.url, "run=3&baseline=relaese")
    assert "Ignored, as there is no such: relaese" in told
    assert "against run 1 (main" in page(three.url, "run=3&baseline=release")
    assert read(three.url, 1, "release").ignored == ("release",), "a run is not compared with itself"


def test_without_a_number_or_with_an_unknown_one_the_newest_is_shown(three: Any) -> None:
    assert "Run 3 finished" in page(three.url, "")
    told = page(three.url, "run=999999999")
    assert "Ignored, as there is no such: run 999999999" in told
    assert "Run 3 finished" in told


def test_the_first_run_is_compared_with_nothing(three: Any) -> None:
    data = read(three.url, 1)
    assert (data.before, data.comparison) == (None, None)
    assert "No finished run on the branch main began before it." in page(three.url, "run=1")


def test_a_run_that_goes_on_says_so(three: Any) -> None:
    three.begin(datetime(2026, 11, 4, tzinfo=UTC), three.session(4), pid=os.getpid(), git_branch="main")
    told = page(three.url, "run=4")
    assert "It goes on: of what it has not measured yet there is no data." in told
    assert "how far it is" in told
    assert "It goes on" not in page(three.url, "run=3")


def test_a_trial_of_a_bisection_is_not_judged(bench: Any) -> None:
    bench.run(bench.session(1, bench.cost(1000)))
    bench.run(bench.session(2, bench.cost(1000)), command="hil bisect instructions")
    told = page(bench.url, "run=2")
    assert "bisect trial" in told
    assert "A trial of a bisection is judged by the bisection alone." in told


def test_sessions_have_their_figures_each_way_in_its_column(three: Any) -> None:
    data = read(three.url, 2)
    good, large = sorted(data.sessions, key=lambda one: one.model)
    assert (good.vectors, large.vectors) == (540, None)
    assert (good.fits, large.fits) == (True, False)
    cycles = Way("latency_cycles", "cycles", "estimated", "cycle-model-1")
    assert ways(data.sessions) == [
        cycles,
        Way("instructions", "instructions", "counted", "timer"),
        Way("flash_bytes", "B", "counted", "elf"),
    ]
    assert good.figures[cycles].band == (2000 * 0.97, 2000 * 1.22)
    told = written(render(three.url, "here", "/run", "run=2"))
    for part in (
        '"status":"does not fit"',
        f'"href":"/session?session={good.id}"',
        "expected 1,940 to 2,440",
    ):
        assert part in told


def test_a_coarser_way_has_no_column_where_each_session_has_a_finer(bench: Any) -> None:
    both = bench.session(1, bench.cost(40), bench.cost(41, "plugin"))
    bench.run(both)
    assert [way.technique for way in ways(read(bench.url).sessions)] == ["plugin"]
    bench.run(both, bench.session(2, bench.cost(40), board="desk"))
    assert [way.technique for way in ways(read(bench.url).sessions)] == ["plugin", "timer"]


def test_what_else_was_another_is_told(three: Any) -> None:
    assert [tuple(one) for one in read(three.url, 2).others] == [("Version of qemu", "7.2", "10.0")]
    (lab,) = read(three.url, 3).others
    assert lab.what == "Lab file's content"
    assert lab.before != lab.now
    assert read(three.url, 1).others == []


def test_tools_of_boards_that_both_runs_had_are_compared(bench: Any) -> None:
    bench.run(bench.session(1, bench.cost(1)), bench.session(1, bench.cost(1), board="gone"))
    bench.run(bench.session(2, bench.cost(1)), bench.session(2, bench.cost(1), board="new"))
    bench.change("UPDATE session SET versions = ? WHERE run_id = 1", json.dumps({"qemu": "7.2"}))
    bench.change("UPDATE session SET versions = ? WHERE run_id = 2", json.dumps({"qemu": "10.0"}))
    assert [tuple(one) for one in read(bench.url, 2).others] == [
        ("Boards", "gone, qemu", "new, qemu"),
        ("Version of qemu on qemu", "7.2", "10.0"),
    ]


def test_incidents_of_the_run_alone_are_told(three: Any) -> None:
    with Store.open(three.url) as store:
        for run in (1, 2):
            store.save_incidents(run, [Incident("qemu", "hang", f"reset {run}", NOW, "seen", 3.4)])
    assert [one.action for one in read(three.url, 2).incidents] == ["reset 2"]
    assert "Incidents of the bench itself" in page(three.url, "run=2")
    assert "Incidents of the bench itself" not in page(three.url, "run=3")


def test_a_damaged_value_is_told(three: Any) -> None:
    three.change("UPDATE measure SET value = 'much' WHERE metric = 'flash_bytes'")
    assert "The results cannot be read" in page(three.url, "run=2")


def test_a_comparison_of_many_images_is_made_when_the_page_asks(
    three: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparisons, "_SOON", 1)
    tree = render(three.url, "here", "/run", "run=2")
    (waits,) = [one for one in nodes(tree) if "data-comparing" in one.to_plotly_json()["props"]]
    place = waits.to_plotly_json()["props"]["data-comparing"]
    assert place == "/comparing?now=2&before=1"
    assert "Comparing run 2 with run 1" in words(tree)
    answer = create_app(three.url).server.test_client().get(place)
    assert (answer.status_code, answer.get_json()) == (200, {})
    assert changes(read(three.url, 2)) == [("regression", "instructions")], "it is kept"


def test_one_comparison_is_made_at_a_time(three: Any) -> None:
    with comparisons._making:
        assert comparing.answer(three.url, "now=3&before=1")[0] == comparing.LATER
    assert comparing.answer(three.url, "now=3&before=1")[0] == 200


@pytest.mark.parametrize(
    ("query", "status"),
    [("", 404), ("now=1", 404), ("now=1&before=1", 404), ("now=x&before=1", 404), ("now=99&before=1", 200)],
)
@pytest.mark.parametrize("ask", [comparing.answer, comparing.worse])
def test_what_cannot_be_compared_is_told(three: Any, ask: Any, query: str, status: int) -> None:
    answered, body = ask(three.url, query)
    assert answered == status
    assert json.loads(body)["why"]
