"""From the database to the plot: what is newest, what may be joined, and what is drawn."""

from __future__ import annotations

import multiprocessing
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hil.errors import StoreError
from hil.measure.profile import Profile
from hil.values import Method, Precision
from hil_dashboards import frames, text
from hil_dashboards.choices.profile import ProfileChoice, parse_profile
from hil_dashboards.choices.series import RUNS, Choice, Way, parse_search
from hil_dashboards.figures.series import line_names
from hil_dashboards.lines import Point, lines, points_of
from hil_dashboards.pages.parts import shell
from hil_dashboards.reading.columns import SESSION_COLUMNS, VALUE_COLUMNS
from hil_dashboards.reading.database import exists
from hil_dashboards.reading.matrix import read_matrix
from hil_dashboards.reading.profile import read_profile
from hil_dashboards.reading.series import read_series
from hil_db.records import Incident, Status


def series(bench: Any, choice: Choice) -> list[Point]:
    return points_of(read_series(bench.url, choice).values)


def every_way(bench: Any, metric: str) -> list[Point]:
    """What is stored of a metric by whatever way, oldest first."""
    choice = Choice(metric=metric)
    ways = read_series(bench.url, choice).ways
    rows = [row for way in ways for row in read_series(bench.url, choice.of_way(way)).values]
    return points_of(sorted(rows, key=lambda row: row[0]))


def shown(bench: Any, metric: str) -> list[tuple[float, int]]:
    """The matrix's only row: the values of a metric, each with its run."""
    (row,) = frames.matrix(read_matrix(bench.url))
    return [(value.value, value.run) for value in row.values.get(metric, ())]


# the matrix


def test_matrix_takes_the_newest_value_of_each_metric(bench: Any) -> None:
    bench.run(bench.session(1, bench.cost(100), bench.flash(10)))
    bench.run(bench.session(2, bench.cost(90)))
    assert shown(bench, "instructions") == [(90, 2)]
    assert shown(bench, "flash_bytes") == [(10, 1)], "a metric that the newest session lacks is kept"
    assert shown(bench, "ram_bytes") == []


def test_matrix_keeps_values_and_their_run_when_the_newest_session_failed(bench: Any) -> None:
    bench.run(bench.session(1, bench.cost(100)))
    bench.run(bench.session(2, bench.cost(55), error="qemu: the firmware hung"))
    (row,) = frames.matrix(read_matrix(bench.url))
    assert (row.run, row.status, row.error) == (2, "failed", "qemu: the firmware hung")
    assert shown(bench, "instructions") == [(100, 1)], "what a failed session measured is not a result"


def test_matrix_shows_both_techniques_of_one_session_but_not_those_of_older_ones(bench: Any) -> None:
    bench.run(bench.session(1, bench.cost(100, "old")))
    bench.run(bench.session(2, bench.cost(90), bench.cost(93, "plugin", Method.ESTIMATED)))
    assert shown(bench, "instructions") == [(90, 2), (93, 2)]


def test_matrix_has_a_row_per_board_model_and_precision(bench: Any) -> None:
    bench.run(
        bench.session(1, bench.cost(1), board="b"),
        bench.session(1, bench.cost(2), board="a"),
        bench.session(1, bench.cost(3), board="a", model="vowels"),
        bench.session(1, bench.cost(4), board="a", precision=Precision.F32),
    )
    rows = frames.matrix(read_matrix(bench.url))
    assert [(row.board, row.model, row.precision) for row in rows] == [
        ("a", "digits", "f32"),
        ("a", "digits", "q15"),
        ("a", "vowels", "q15"),
        ("b", "digits", "q15"),
    ]
    assert [row.values["instructions"][0].value for row in rows] == [4, 2, 3, 1]


def test_matrix_tells_a_quick_look(bench: Any) -> None:
    bench.run(bench.session(1, bench.cost(100), bench.vectors(540)))
    bench.run(bench.session(2, bench.cost(90), bench.flash(10), bench.vectors(30)))
    (row,) = frames.matrix(read_matrix(bench.url))
    (cost,), (flash,) = row.values["instructions"], row.values["flash_bytes"]
    assert (cost.over, cost.partial) == (30, True)
    assert (flash.over, flash.partial) == (None, False), "the size of an image needs no vectors"


def test_value_knows_its_band_and_what_it_holds_for(bench: Any) -> None:
    bench.run(bench.session(1, bench.estimate(1000), bench.cost(800)))
    (row,) = frames.matrix(read_matrix(bench.url))
    (cycles,), (cost,) = row.values["latency_cycles"], row.values["instructions"]
    assert (cycles.band, cycles.conditions) == ((970, 1220), "clock 25 MHz, wait states 0")
    assert (cost.band, cost.conditions) == (None, "")


def test_matrix_knows_of_which_case_there_is_a_profile(bench: Any, profile: Profile) -> None:
    bench.run(
        bench.session(1, bench.cost(1), profile=profile), bench.session(1, bench.cost(1), model="other")
    )
    bench.run(bench.session(2, bench.cost(1)))
    bench.run(bench.session(3, bench.cost(1), model="hung", profile=profile, error="hung"))
    rows = frames.matrix(read_matrix(bench.url))
    assert {row.model: row.profiled for row in rows} == {"digits": True, "other": False, "hung": False}


def test_value_knows_where_it_comes_from(bench: Any) -> None:
    bench.run(bench.session(3, bench.cost(100)), dirty=True)
    (row,) = frames.matrix(read_matrix(bench.url))
    (value,) = row.values["instructions"]
    assert (value.unit, value.method, value.technique) == ("instructions", "counted", "timer")
    assert value.resolution == 40
    assert value.time == datetime(2026, 11, 3, 3, 0, tzinfo=UTC)
    assert (value.commit, value.dirty) == ("c" * 40, True)
    assert value.image is not None
    assert len(value.image) == 64


# the newest run


def test_a_session_that_is_stored_later_than_it_ran_is_not_the_newest(bench: Any, profile: Profile) -> None:
    run = bench.run(bench.session(5, bench.flash(90), bench.estimate(200), profile=profile))
    late = bench.run(bench.session(2, bench.flash(80), bench.estimate(300), profile=profile))
    assert late > run
    assert shown(bench, "flash_bytes") == [(90, run)]
    matrix = read_matrix(bench.url)
    assert [session[SESSION_COLUMNS.index("run")] for session in matrix.sessions] == [run]
    assert matrix.newest is not None
    assert matrix.newest.id == run
    choice = ProfileChoice("qemu", "kind_a", "digits", "q15")
    found = read_profile(bench.url, choice)
    assert found.session is not None
    assert found.session[SESSION_COLUMNS.index("run")] == run
    assert found.runs == [run, late]
    series = read_series(bench.url, Choice(metric="flash_bytes"))
    where = VALUE_COLUMNS.index("value")
    assert [row[where] for row in series.values] == [80, 90]


def test_trials_of_old_commits_head_no_page(bench: Any, profile: Profile) -> None:
    run = bench.run(bench.session(2, bench.flash(90), bench.estimate(200), profile=profile))
    trial = bench.run(
        bench.session(5, bench.flash(10), bench.estimate(300), profile=profile),
        command="hil bisect v1 main --model digits --metric flash_bytes",
    )
    assert shown(bench, "flash_bytes") == [(90, run)]
    matrix = read_matrix(bench.url)
    assert [session[SESSION_COLUMNS.index("run")] for session in matrix.sessions] == [run]
    assert matrix.newest is not None
    assert matrix.newest.id == run
    choice = ProfileChoice("qemu", "kind_a", "digits", "q15")
    found = read_profile(bench.url, choice)
    assert (found.session[SESSION_COLUMNS.index("run")], found.runs) == (run, [run])
    asked = read_profile(bench.url, replace(choice, run=trial))
    assert asked.session[SESSION_COLUMNS.index("run")] == trial, "who asks for it by its number sees it"
    series = read_series(bench.url, Choice(metric="flash_bytes"))
    assert [row[VALUE_COLUMNS.index("value")] for row in series.values] == [90]


@pytest.mark.parametrize(("count", "more"), [(0, False), (1, False), (5, False), (6, True)])
def test_what_befell_the_bench_in_the_newest_run_heads_its_pages(bench: Any, count: int, more: bool) -> None:
    session = bench.session(2, bench.flash(90))
    incidents = tuple(
        Incident("desk", "stopped answering", f"reset {number}", session.started + timedelta(seconds=number))
        for number in range(count)
    )
    run = bench.run(replace(session, incidents=incidents))
    newest = read_matrix(bench.url).newest
    assert newest is not None
    told = [f"desk: stopped answering: reset {number}" for number in range(min(count, 5))]
    last = ["and more; `hil export --incidents` prints all"] if more else []
    assert list(newest.incidents) == [*told, *last]
    page = str(shell("/", [], newest=newest, place="here"))
    assert (f"Run {run}: on the bench itself desk: stopped answering: reset 0" in page) is bool(count)


def test_run_whose_process_is_gone_is_interrupted(bench: Any) -> None:
    gone = multiprocessing.get_context("spawn").Process(target=int)
    gone.start()
    gone.join()
    assert gone.pid is not None
    bench.begin(datetime(2026, 11, 1, tzinfo=UTC), bench.session(1), pid=gone.pid)
    newest = read_matrix(bench.url).newest
    assert newest is not None
    assert newest.status is Status.INTERRUPTED


def test_run_that_still_runs_says_so(bench: Any) -> None:
    bench.begin(datetime(2026, 11, 1, tzinfo=UTC), bench.session(1), pid=os.getpid())
    newest = read_series(bench.url, Choice()).newest
    assert newest is not None
    assert newest.status is Status.RUNNING


def test_run_without_results_heads_no_page(bench: Any) -> None:
    bench.begin(datetime(2026, 11, 1, tzinfo=UTC))
    assert read_matrix(bench.url).newest is None
    run = bench.run(bench.session(2, bench.flash(90)))
    bench.begin(datetime(2026, 11, 3, tzinfo=UTC))
    choice = ProfileChoice("qemu", "kind_a", "digits", "q15")
    for data in (
        read_matrix(bench.url),
        read_series(bench.url, Choice()),
        read_profile(bench.url, choice),
    ):
        assert data.newest is not None
        assert data.newest.id == run


# the series


def test_series_takes_the_usual_metric_and_tells_what_else_there_is(bench: Any) -> None:
    bench.run(bench.session(1, bench.flash(10), bench.cost(100)), bench.session(1, model="vowels"))
    data = read_series(bench.url, Choice())
    assert data.metric == "instructions"
    assert data.metrics == ["flash_bytes", "instructions"]
    assert (data.models, data.boards, data.precisions) == (["digits", "vowels"], ["qemu"], ["q15"])


def test_series_filters(bench: Any) -> None:
    for board in ("a", "b"):
        for model in ("digits", "vowels"):
            bench.run(bench.session(1, bench.cost(1), board=board, model=model))
    found = series(bench, Choice(metric="instructions", board=("b",), model=("vowels", "other")))
    assert [(point["board"], point["model"]) for point in found] == [("b", "vowels")]


def test_series_reaches_back_over_runs_that_have_the_metric(bench: Any) -> None:
    for day in range(1, RUNS[0] // 5 + 1):
        bench.run(bench.session(day, bench.cost(day)))
    for _ in range(RUNS[0]):
        bench.run(bench.session(20, bench.flash(1), model="another"))
    found = series(bench, Choice(metric="instructions", runs=RUNS[0]))
    assert [point["value"] for point in found] == [float(day) for day in range(1, RUNS[0] // 5 + 1)]


def test_series_keeps_only_the_newest_runs_oldest_first(bench: Any) -> None:
    for number in range(RUNS[0] + 3):
        bench.run(bench.session(1, bench.cost(number)))
    found = series(bench, Choice(metric="instructions", runs=RUNS[0]))
    assert [point["run"] for point in found] == list(range(4, RUNS[0] + 4))


def test_reading_needs_a_database(url: str) -> None:
    assert not exists(url)
    with pytest.raises(StoreError, match="no database"):
        read_matrix(url)


# lines


def test_lines_part_what_may_not_be_compared(bench: Any) -> None:
    bench.run(bench.session(1, bench.cost(100), bench.vectors(540)))
    bench.run(bench.session(2, bench.cost(101, "plugin"), bench.vectors(540)))
    bench.run(bench.session(3, bench.cost(102, method=Method.ESTIMATED), bench.vectors(540)))
    bench.run(bench.session(4, bench.cost(103), bench.vectors(30)))
    bench.run(bench.session(5, bench.cost(104), bench.vectors(540)))
    found = lines(every_way(bench, "instructions"))
    assert sorted([point["value"] for point in line.points] for line in found) == [
        [100, 104],
        [101],
        [102],
        [103],
    ]


def test_lines_part_models_of_cycles_and_what_values_hold_for(bench: Any) -> None:
    bench.run(bench.session(1, bench.estimate(100)))
    bench.run(bench.session(2, bench.estimate(101, "cycle-model-2")))
    bench.run(bench.session(3, bench.estimate(102, clock_hz=168e6)))
    bench.run(bench.session(4, bench.estimate(103)))
    found = lines(every_way(bench, "latency_cycles"))
    assert sorted([point["value"] for point in line.points] for line in found) == [[100, 103], [101], [102]]
    assert sorted({line.conditions for line in found}) == [
        "clock 168 MHz, wait states 0",
        "clock 25 MHz, wait states 0",
    ]
    names, _ = line_names(found)
    assert len(set(names)) == 3
    assert any("168 MHz" in name for name in names)
    assert sorted([point["before"] for point in line.points] for line in found if len(line.points) > 1) == [
        [None, 100]
    ]


def test_size_of_an_image_goes_on_over_a_quick_look(bench: Any) -> None:
    bench.run(bench.session(1, bench.flash(10), bench.vectors(540)))
    bench.run(bench.session(2, bench.flash(11), bench.vectors(30)))
    (line,) = lines(series(bench, Choice(metric="flash_bytes")))
    assert [point["value"] for point in line.points] == [10, 11]


def test_value_before_is_that_of_the_same_line(bench: Any) -> None:
    bench.run(bench.session(1, bench.cost(100)))
    bench.run(bench.session(2, bench.cost(50, "plugin")))
    bench.run(bench.session(3, bench.cost(90)))
    found = lines(every_way(bench, "instructions"))
    assert [[point["before"] for point in line.points] for line in found] == [[None], [None, 100]]


def test_names_hold_what_differs_and_the_rest_is_told_once(bench: Any) -> None:
    bench.run(bench.session(1, bench.cost(1)), bench.session(1, bench.cost(2), precision=Precision.F32))
    names, common = line_names(lines(series(bench, Choice(metric="instructions"))))
    assert names == ["digits f32", "digits q15"]
    assert common == "qemu · counted, timer"
    alone, nothing = line_names(lines(series(bench, Choice(metric="instructions", precision=("q15",)))))
    assert (alone, nothing) == (["qemu · digits q15 · counted, timer"], "")


# addresses and text


def test_choice_survives_its_address() -> None:
    choice = Choice("flash_bytes", ("a b", "c&d"), ("ü",), ("q15",), RUNS[0])
    assert parse_search(choice.href().removeprefix("/series")) == choice
    more = replace(choice, way=Way("measured", "a & b"), baseline="v1.0/x", scale="log", skip=16)
    assert parse_search(more.href().removeprefix("/series")) == more


def test_choice_of_a_profile_survives_its_address() -> None:
    choice = ProfileChoice("a b", "kind&c", "ü", "q15", 7)
    assert parse_profile(choice.href().removeprefix("/profile")) == choice
    newest = choice.of_run(None)
    assert parse_profile(newest.href().removeprefix("/profile")) == newest
    assert parse_profile(newest.href().removeprefix("/profile") + "&run=" + "9" * 30) == newest


@pytest.mark.parametrize(
    "search",
    [
        "",
        None,
        "?",
        "?runs=-1&runs=x",
        "?runs=3",
        "?runs=²",
        "?metric=&model",
        "?runs=" + "9" * 5000,
        "?skip=-8&scale=cubic&method=measured&baseline=",
        "?technique=dwt&skip=" + "9" * 10,
    ],
)
def test_odd_addresses_choose_everything(search: str | None) -> None:
    assert parse_search(search) == Choice()


def test_names_that_no_database_holds_are_no_names() -> None:
    assert parse_search("?model=%00&model=a%00b&metric=%00") == Choice()
    assert parse_profile("?board=%00&kind=k&model=m&precision=p").complete is False


def test_toggling_goes_both_ways() -> None:
    choice = (
        Choice().toggled("model", "a").toggled("model", "b").toggled("board", "x").toggled("precision", "q15")
    )
    assert (choice.model, choice.board, choice.precision) == (("a", "b"), ("x",), ("q15",))
    assert choice.toggled("model", "a").model == ("b",)
    assert choice.cleared("board").board == ()


@pytest.mark.parametrize(
    ("metric", "number", "unit", "expected"),
    [
        ("accuracy", 0.9833, "1", "98.33 %"),
        ("golden_exact", 1.0, "1", "100.00 %"),
        ("golden_exact", 0.999999, "1", "99.99 %"),
        ("instructions", 41_040.0, "instructions", "41,040"),
        ("flash_bytes", 12_304.0, "B", "12,304 B"),
        ("stream_s", 2.50619, "s", "2.506 s"),
        ("vectors", 540.0, "1", "540"),
        ("latency_cycles", 61_200.5, "cycles", "61,200.5"),
        ("latency_us", 2448.04, "us", "2,448 µs"),
        ("latency_us", 61.26, "us", "61.26 µs"),
    ],
)
def test_amounts(metric: str, number: float, unit: str, expected: str) -> None:
    assert text.amount(metric, number, unit) == expected


@pytest.mark.parametrize(
    ("metric", "number", "before", "expected"),
    [
        ("instructions", 90, 100, "−10 (−10 %)"),
        ("instructions", 101, 100, "+1 (+1 %)"),
        ("instructions", 100, 100, "no change"),
        ("stack_bytes", 4, 0, "+4"),
        ("accuracy", 0.98, 0.97, "+1.00 points"),
    ],
)
def test_changes(metric: str, number: float, before: float, expected: str) -> None:
    assert text.change(metric, number, before) == expected


@pytest.mark.parametrize(
    ("metric", "number", "ends", "reach", "expected"),
    [
        ("latency_cycles", 61_200, (59_364.2, 74_664.0), "−3/+22 %", "59,364 to 74,664 (−3/+22 %)"),
        ("latency_us", 50, (48, 52), "±4 %", "48 to 52 (±4 %)"),
        ("latency_us", 0, (0, 2), "0 to 2", "0 to 2"),
        ("accuracy", 0.98, (0.96, 0.99), "96.00 to 99.00", "96.00 to 99.00"),
    ],
)
def test_bands(metric: str, number: float, ends: tuple[float, float], reach: str, expected: str) -> None:
    assert text.band(metric, number, ends) == reach
    assert text.expected(metric, number, ends) == expected
