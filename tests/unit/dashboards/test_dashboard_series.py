"""The series page: what it opens on, what its plot draws, where it says that levels changed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
from dash import dcc

from component_tree import grids, nodes, words
from hil.values import Method
from hil_dashboards import changed, text
from hil_dashboards.app import render
from hil_dashboards.choices.series import LINES_MOST, NO_BASELINE, RUNS, Choice, Way, parse_search
from hil_dashboards.figures.series import COLOURS, DASHES, STEPS_MOST, SYMBOLS, Drawn, series_figure
from hil_dashboards.figures.series_axes import every_so_many, left_margin, value_axis
from hil_dashboards.lines import Line, lines, points_of
from hil_dashboards.reading.series import Beside, SeenRun, SeriesData, read_series
from hil_db.baselines import Baseline, add
from hil_db.store import Store

TIMER, PLUGIN = Way("counted", "timer"), Way("counted", "plugin")


def page(bench: Any, search: str = "") -> Any:
    return render(bench.url, "/somewhere/results.db", "/series", search)


def json_of(shown: Any) -> dict[str, Any]:
    """The plot of a page, as the browser gets it."""
    (graph,) = (node for node in nodes(shown) if isinstance(node, dcc.Graph))
    figure: dict[str, Any] = vars(graph)["figure"]
    return figure


def figure_of(bench: Any, search: str = "") -> go.Figure:
    """The page's plot in Plotly's own classes, which refuse what is none."""
    return go.Figure(json_of(page(bench, search)))


def named(figure: go.Figure, name: str) -> Any:
    (found,) = (trace for trace in figure.data if trace.name == name)
    return found


def drawn_lines(figure: go.Figure) -> list[Any]:
    return [trace for trace in figure.data if trace.legendgroup and trace.fill is None]


def table(shown: Any, heading: str) -> list[dict[str, Any]]:
    """The rows of the table below a heading."""
    for card in nodes(shown):
        if "grid-card" in str(getattr(card, "className", "")) and words(card).startswith(heading):
            (grid,) = grids(card)
            rows: list[dict[str, Any]] = grid.rowData
            return rows
    raise AssertionError(f"no table {heading!r}")


def pills(shown: Any) -> dict[str, str]:
    found = (node for node in nodes(shown) if "pill" in str(getattr(node, "className", "")).split())
    return {words(pill): pill.href for pill in found}


def name_baseline(bench: Any, name: str, run: int) -> None:
    with Store.open(bench.url) as store:
        with store.engine.connect() as connection:
            (uid,) = connection.exec_driver_sql(f"SELECT uid FROM run WHERE id = {run}").one()
        add(store, Baseline(name, uid, "ann", datetime(2026, 11, 20, tzinfo=UTC), "released"))


# what it opens on


def test_it_opens_on_what_got_worst_and_says_what_is_left_out(bench: Any) -> None:
    models = [f"m{number:02}" for number in range(LINES_MOST + 3)]
    for day in (1, 2, 3):
        worse = {"m09": 1.5 if day > 1 else 1.0, "m04": 1.1 if day == 3 else 1.0, "m02": 0.5}
        bench.run(
            *(bench.session(day, bench.cost(1000 * worse.get(model, 1.0)), model=model) for model in models)
        )
    data = read_series(bench.url, Choice())
    assert [case.model for case in data.cases[:3]] == ["m09", "m04", "m00"]
    assert (len(data.cases), data.matching) == (LINES_MOST, LINES_MOST + 3)
    shown = page(bench)
    assert f"1 to 8 of {LINES_MOST + 3} boards' images" in words(shown)
    (more,) = (node.href for node in nodes(shown) if words(node) == "The next 8" and hasattr(node, "href"))
    rest = read_series(bench.url, parse_search(more.removeprefix("/series")))
    assert sorted(case.model for case in [*data.cases, *rest.cases]) == models
    last = page(bench, more.removeprefix("/series"))
    assert "9 to 11 of 11" in words(last)
    assert "The next 8" not in words(last)
    assert "The 8 before" in words(last)


def test_what_got_worse_of_a_metric_of_which_more_is_better_is_less(bench: Any) -> None:
    models = [f"m{number}" for number in range(LINES_MOST + 1)]
    for day in (1, 2):
        moved = {"m3": -0.2, "m5": 0.2}
        share = [0.7 + (moved.get(model, 0.0) if day == 2 else 0.0) for model in models]
        sessions = zip(models, share, strict=True)
        bench.run(*(bench.session(day, bench.golden(held), model=model) for model, held in sessions))
    cases = [case.model for case in read_series(bench.url, Choice(metric="golden_exact")).cases]
    assert cases[:3] == ["m3", "m5", "m0"], "what got better is of more interest than what did not change"


def test_what_is_worst_against_a_baseline_long_ago_comes_first(bench: Any) -> None:
    models = [f"m{number}" for number in range(LINES_MOST + 1)]

    def run(day: int, worst: str | None) -> int:
        return bench.run(  # type: ignore[no-any-return]
            *(bench.session(day, bench.cost(2000 if one == worst else 1000), model=one) for one in models)
        )

    first = run(1, None)
    for _ in range(RUNS[0] + 1):
        run(2, "m7")
    choice = Choice(metric="instructions", runs=RUNS[0])
    assert read_series(bench.url, choice).cases[0].model == "m0"
    name_baseline(bench, "release", first)
    assert read_series(bench.url, choice).cases[0].model == "m7"
    assert read_series(bench.url, replace(choice, baseline=NO_BASELINE)).cases[0].model == "m0"


def test_values_of_other_conditions_got_neither_worse_nor_better(bench: Any) -> None:
    models = [f"m{number}" for number in range(LINES_MOST + 1)]
    for day, clock in ((1, 25e6), (2, 50e6)):
        bench.run(
            *(
                bench.session(
                    day,
                    bench.estimate(1000 * day, clock_hz=clock if one == "m8" else 25e6)
                    if one in ("m8", "m2")
                    else bench.estimate(1000),
                    model=one,
                )
                for one in models
            )
        )
    cases = read_series(bench.url, Choice(metric="latency_cycles")).cases
    assert cases[0].model == "m2"
    assert "m8" not in [case.model for case in cases]


def test_one_technique_is_shown_and_the_others_are_choices(bench: Any) -> None:
    bench.run(bench.session(1, bench.cost(100), bench.cost(99, "plugin")))
    bench.run(bench.session(2, bench.cost(104), bench.cost(103, "plugin")))
    shown = page(bench)
    assert [list(line.y) for line in drawn_lines(figure_of(bench))] == [[99, 103]], "the finer of the two"
    other = pills(shown)["counted timer"]
    assert other == "/series?method=counted&technique=timer"
    assert [list(line.y) for line in drawn_lines(figure_of(bench, other[7:]))] == [[100, 104]]
    assert {row["value"]["text"] for row in table(page(bench, other[7:]), "Values")} == {"100", "104"}


def test_a_technique_of_old_runs_alone_is_still_a_choice(bench: Any) -> None:
    bench.run(bench.session(1, bench.estimate(100)))
    bench.run(bench.session(2, bench.estimate(101, "cycle-model-2")))
    data = read_series(bench.url, Choice(metric="latency_cycles"))
    assert [way.technique for way in data.ways] == ["cycle-model-2", "cycle-model-1"]
    old = read_series(bench.url, data.choice.of_way(data.ways[1]))
    assert [case.model for case in old.cases] == ["digits"]
    assert len(old.values) == 1


def test_a_technique_that_nothing_is_stored_of_is_told(bench: Any) -> None:
    bench.run(bench.session(1, bench.cost(100)))
    data = read_series(bench.url, Choice(way=Way("measured", "dwt")))
    assert (data.way, data.ignored, data.choice.way) == (TIMER, ["measured dwt"], None)


def test_more_runs_than_are_kept_of_a_case_with_many_sessions_in_each(bench: Any) -> None:
    for number in range(RUNS[0] + 2):
        bench.run(*(bench.session(1, bench.cost(number)) for _ in range(3)))
    data = read_series(bench.url, Choice(runs=RUNS[0]))
    assert len(data.values) == 3 * RUNS[0]
    assert [run.id for run in data.runs] == list(range(3, RUNS[0] + 3))


# the plot


def test_a_run_that_was_stored_late_stands_where_it_ran(bench: Any) -> None:
    bench.run(bench.session(5, bench.cost(100)))
    bench.run(bench.session(2, bench.cost(90)))
    (line,) = drawn_lines(figure_of(bench))
    assert (list(line.x), list(line.y), list(line.customdata)) == ([0, 1], [90, 100], [2, 1])


def test_counted_values_are_steps_and_measured_ones_are_not(bench: Any) -> None:
    bench.run(bench.session(1, bench.cost(1), bench.stream(2.5)))
    assert figure_of(bench).data[0].line.shape == "hv"
    assert figure_of(bench, "?metric=stream_s").data[0].line.shape == "linear"


def test_session_without_a_value_breaks_its_line_and_is_marked(bench: Any) -> None:
    bench.run(bench.session(1, bench.cost(100)))
    bench.run(bench.session(2, error="the <b>firmware</b> hung"))
    bench.run(bench.session(3, bench.cost(90)), bench.session(3, error="not its business", board="other"))
    figure = figure_of(bench, "?board=qemu")
    (line,) = drawn_lines(figure)
    assert list(line.x) == [0, 1, 2]
    assert list(line.y) == [100, None, 90]
    cross = named(figure, "no value")
    assert (list(cross.x), list(cross.customdata)) == ([1], [2])
    assert "the &lt;b&gt;firmware&lt;/b&gt; hung" in cross.hovertext[0]


def test_hover_tells_where_a_point_is_from(bench: Any) -> None:
    bench.run(bench.session(1, bench.cost(100), bench.vectors(540), board="<i>desk</i>"), dirty=True)
    (line,) = drawn_lines(figure_of(bench))
    told = line.hovertemplate.replace("%{hovertext}", line.hovertext[0])
    for said in (
        "100",
        "steps of 40",
        "counted, timer",
        "run 1, 2026-11-01 03:00 UTC",
        "cccccccccc + changes",
        "&lt;i&gt;desk&lt;/i&gt; (kind_a)",
        "image ",
        "540 vectors",
    ):
        assert said in told
    assert list(line.marker.symbol) == ["circle-open"], "a commit with changes is hollow"


def test_a_name_in_braces_is_no_placeholder_of_the_hover(bench: Any) -> None:
    bench.run(bench.session(1, bench.cost(100), board="%{x}"))
    (line,) = drawn_lines(figure_of(bench))
    assert line.hovertemplate.count("%{") == 1
    assert "board %&#123;x}" in line.hovertemplate


def test_bands_are_error_bars_and_gaps_have_none(bench: Any) -> None:
    bench.run(bench.session(1, bench.estimate(1000)))
    bench.run(bench.session(2, error="hung"))
    bench.run(bench.session(3, bench.estimate(2000, band=(0.9, 1.1))))
    bench.run(bench.session(4, bench.estimate(3000, band=None)))
    (line,) = drawn_lines(figure_of(bench, "?metric=latency_cycles"))
    assert list(line.y) == [1000, None, 2000, 3000]
    assert [None if up is None else round(up) for up in line.error_y.array] == [220, None, 200, None]
    assert [None if down is None else round(down) for down in line.error_y.arrayminus] == [
        30, None, 200, None,
    ]  # fmt: skip
    first, _, second, third = line.hovertext
    assert "expected 970 to 1,220 (−3/+22 %)" in first
    assert "clock 25 MHz, wait states 0" in line.hovertemplate
    assert "expected 1,800 to 2,200 (±10 %)" in second
    assert "expected" not in third


def test_bands_of_many_points_are_areas_that_gaps_part(bench: Any) -> None:
    line = line_of([100.0] * 70, "estimated")
    points = [
        {**point, "low": None if place == 30 else 90.0, "high": None if place == 30 else 120.0}
        for place, point in enumerate(line.points)
    ]
    figure = go.Figure(
        series_figure(Drawn("latency_cycles", runs_of(70), [replace(line, points=tuple(points))]))
    )
    area, drawn = figure.data
    assert (area.fill, area.hoverinfo, area.showlegend) == ("toself", "skip", False)
    assert area.legendgroup == drawn.legendgroup, "a line is hidden with its band"
    assert drawn.error_y.array is None
    gap = area.x.index(None)
    assert list(area.x[:gap]) == [*range(30), *reversed(range(30))]
    assert list(area.y[:gap]) == [120.0] * 30 + [90.0] * 30
    assert list(area.x[gap + 1 :]) == [*range(31, 70), *reversed(range(31, 70))]


def test_values_without_bands_have_no_error_bars(bench: Any) -> None:
    bench.run(bench.session(1, bench.cost(100)))
    (line,) = drawn_lines(figure_of(bench))
    assert line.error_y.array is None


def test_band_of_values_that_never_change_is_within_the_plot(bench: Any) -> None:
    for day in (1, 2):
        bench.run(bench.session(day, bench.estimate(1000)))
    layout = figure_of(bench, "?metric=latency_cycles").layout
    assert layout.yaxis.range is None, "Plotly's own takes in the bars, one around the value would cut them"


def test_flat_share_stays_near_its_value(bench: Any) -> None:
    bench.run(bench.session(1, bench.golden(1.0)))
    low, high = figure_of(bench, "?metric=golden_exact").layout.yaxis.range
    assert 0.9 < low < 1 < high < 1.01


def test_a_case_keeps_its_colour_under_other_conditions_and_a_line_has_marks_of_its_own(bench: Any) -> None:
    for day, clock in ((1, 25e6), (2, 50e6)):
        bench.run(bench.session(day, bench.estimate(100 * day, clock_hz=clock)))
    one, other = drawn_lines(figure_of(bench, "?metric=latency_cycles"))
    assert one.line.color == other.line.color
    assert {one.line.dash, other.line.dash} == set(DASHES[:2])
    assert {one.marker.symbol, other.marker.symbol} == set(SYMBOLS[:2])
    assert (list(one.y), list(other.y)) == ([200], [100]), "what holds now comes first"


def test_eight_lines_differ_in_colour_mark_and_dash() -> None:
    assert [len(set(some)) for some in (COLOURS, SYMBOLS, DASHES)] == [LINES_MOST] * 3


def test_lines_of_more_conditions_than_there_is_room_for_are_counted(bench: Any) -> None:
    for day in range(1, LINES_MOST + 3):
        bench.run(bench.session(day, bench.estimate(100, clock_hz=day * 1e6)))
    shown = page(bench, "?metric=latency_cycles")
    lines = drawn_lines(go.Figure(json_of(shown)))
    assert len(lines) == LINES_MOST
    assert "clock 10 MHz" in lines[0].hovertemplate
    assert "2 older lines of the same boards and models, of other conditions: left out" in words(shown)


@pytest.mark.parametrize(
    ("values", "search", "log"),
    [
        ((10, 300), "", False),
        ((10, 301), "", True),
        ((10, 301), "&scale=linear", False),
        ((10, 20), "&scale=log", True),
        ((0, 301), "&scale=log", False),
    ],
)
def test_values_far_apart_have_a_logarithmic_axis(
    bench: Any, values: tuple[float, float], search: str, log: bool
) -> None:
    for model, value in zip(("a", "b"), values, strict=True):
        bench.run(bench.session(1, bench.stream(value), model=model))
    axis = figure_of(bench, f"?metric=stream_s{search}").layout.yaxis
    assert (axis.type == "log") is log
    chosen = [
        words(node) for node in nodes(page(bench, f"?metric=stream_s{search}"))
        if getattr(node, "className", "") == "pill on" and words(node) in ("linear", "logarithmic")
    ]  # fmt: skip
    assert chosen == ([] if min(values) <= 0 else ["logarithmic" if log else "linear"])


def test_a_logarithmic_axis_names_numbers_between_its_powers() -> None:
    axis = value_axis("stream_s", [line_of([0.3, 40.0], "measured")], log=True)
    assert [label for label in axis["ticktext"] if label in ("0.5", "1", "20", "50")] == [
        "0.5", "1", "20", "50",
    ]  # fmt: skip
    wide = value_axis("stream_s", [line_of([1e-6, 1e6], "measured")], log=True)
    assert len(wide["tickvals"]) <= 15


def test_a_figure_is_json_without_plotlys_classes(bench: Any) -> None:
    """Those take milliseconds a line, in which the server answers nobody else."""
    bench.run(bench.session(1, bench.estimate(1)))
    bench.run(bench.session(2, error="hung"))
    figure = json_of(page(bench, "?metric=latency_cycles"))
    assert json.loads(json.dumps(figure, allow_nan=False)) == figure


def test_empty_figure_is_no_error() -> None:
    assert len(go.Figure(series_figure(Drawn("instructions", [], []))).data) == 0


@pytest.mark.parametrize(
    ("items", "expected"), [([1, 2, 3], [1, 2, 3]), ([1, 2, 3, 4, 5, 6], [2, 4, 6]), ([7], [7]), ([], [])]
)
def test_ticks_are_even_and_hold_the_last(items: list[int], expected: list[int]) -> None:
    assert every_so_many(items, 5) == expected


# where levels changed


def runs_of(count: int, **other: Any) -> list[SeenRun]:
    began = datetime(2026, 11, 1, tzinfo=UTC)
    return [SeenRun(run, began, other.get("host", "a"), None, {}, None, None) for run in range(1, count + 1)]


def line_of(values: Sequence[float], method: str, resolution: float | None = None) -> Line:
    """A line of a value per run, whose runs and sessions are 1, 2, …"""
    about = {"time": datetime(2026, 11, 1, tzinfo=UTC), "unit": "", "method": method, "status": "finished"}
    about |= dict.fromkeys(("low", "high", "commit", "dirty", "note", "image", "error"))
    case = {"board": "b", "kind": "k", "model": "m", "precision": "q15"}
    points = tuple(
        {**about, **case, "session": run, "run": run, "value": value, "resolution": resolution}
        for run, value in enumerate(values, 1)
    )
    return Line("b", "k", "m", "q15", "", method, "t", "", None, points)


def steps_of(metric: str, line: Line, references: dict[int, float | None] | None = None) -> list[Any]:
    return [
        (one.point["run"], round(one.before), round(one.after), one.verdict)
        for one in changed.steps(metric, line, references or {})
    ]


def test_any_change_of_exact_values_is_one_but_for_one_within_their_resolution() -> None:
    values = [1000.0, 1040.0, 1000.0, 1120.0, 1120.0, 900.0]
    assert steps_of("instructions", line_of(values, "counted", 40.0)) == [
        (4, 1000, 1120, "worse"),
        (6, 1120, 900, "better"),
    ]
    assert len(steps_of("instructions", line_of(values, "counted"))) == 4


def test_one_vector_more_of_a_share_is_a_change() -> None:
    line = line_of([0.9, 0.9 + 1 / 540], "counted", 1 / 540)
    (step,) = changed.steps("accuracy", line, {})
    assert (step.verdict, step.how) == ("better", "compared exactly")


def test_a_step_between_values_without_noise_says_so() -> None:
    (step,) = changed.steps("latency_us", line_of([432.0] * 30 + [561.0] * 8, "measured"), {})
    assert (step.verdict, step.how) == ("worse", "values without noise")


def test_a_metric_of_which_neither_way_is_better_just_changed() -> None:
    assert steps_of("vectors", line_of([540.0, 30.0], "counted")) == [(2, 540, 30, "changed")]


def test_noisy_values_change_where_noise_does_not_do_it() -> None:
    noise = np.random.default_rng(7).normal(0, 2.0, 80)
    values = noise + np.where(np.arange(80) < 50, 1000.0, 1100.0)
    ((run, before, after, verdict),) = steps_of("latency_us", line_of(values.tolist(), "measured"))
    assert (run, verdict) == (51, "worse")
    assert (abs(before - 1000) <= 2, abs(after - 1100) <= 2) == (True, True)
    assert not steps_of("latency_us", line_of((1000 + noise).tolist(), "measured"))


def test_few_noisy_values_tell_no_change_and_the_page_says_so(bench: Any) -> None:
    line = line_of([1000.0] * 5 + [2000.0] * 5, "measured")
    assert changed.is_short("latency_us", line)
    assert not steps_of("latency_us", line)
    assert not changed.is_short("instructions", line_of([1.0], "counted"))
    bench.run(bench.session(1, bench.stream(2.5)))
    assert "1 line of fewer than 20 values: too few" in words(page(bench, "?metric=stream_s"))


def test_times_of_a_slow_host_are_no_change_where_its_reference_slowed_as_much() -> None:
    slow = np.where(np.arange(60) < 30, 1.0, 1.2)
    noise = np.random.default_rng(3).lognormal(0, 0.002, 60)
    line = line_of((2.5 * slow * noise).tolist(), "measured")
    references: dict[int, float | None] = {run: 0.1 * held for run, held in enumerate(slow.tolist(), 1)}
    assert not steps_of("stream_s", line, references)
    assert [run for run, *_ in steps_of("stream_s", line)] == [31]


def test_changes_are_marked_in_the_plot_and_listed_with_their_run(bench: Any) -> None:
    for day, value in enumerate((1000, 1000, 1120, 1120), 1):
        bench.run(bench.session(day, bench.cost(value)))
    mark = named(figure_of(bench), "level changed")
    assert (list(mark.x), list(mark.y), list(mark.customdata)) == ([2], [1120], [3])
    assert (list(mark.marker.symbol), list(mark.text)) == (["triangle-up-open"], ["+12 % worse"])
    for said in ("level worse: +120 (+12 %)", "1,000 → 1,120", "compared exactly", "run 3", "digits q15"):
        assert said in mark.hovertext[0]
    (row,) = table(page(bench), "Where the level changed")
    told = [row[name] for name in ("run", "href", "verdict")]
    assert told == [3, "/run?run=3", "▲ worse"]
    assert [row[name]["text"] for name in ("before", "after", "change")] == ["1,000", "1,120", "+120 (+12 %)"]


def test_of_many_changes_in_a_run_the_largest_is_labelled(bench: Any) -> None:
    for day, factor in ((1, 1.0), (2, 1.5)):
        models = (("a", 1000), ("b", 1000 * (factor + 1)))
        bench.run(*(bench.session(day, bench.cost(value * factor), model=model) for model, value in models))
    assert sorted(named(figure_of(bench), "level changed").text) == ["", "+88 % worse"]


def test_of_very_many_changes_the_newest_are_marked_and_the_others_told(bench: Any) -> None:
    for number in range(STEPS_MOST + 5):
        bench.run(bench.session(1 + number // 3, bench.cost(1000 + 500 * (number % 2))))
    mark = named(figure_of(bench), "level changed")
    assert list(mark.x) == list(range(5, STEPS_MOST + 5))
    shown = page(bench)
    assert f"Of {STEPS_MOST + 4} changes of level the newest {STEPS_MOST} are marked" in words(shown)
    assert len(table(shown, "Where the level changed")) == STEPS_MOST + 4


def test_labels_of_the_last_runs_stay_within_the_plot() -> None:
    values = [1000.0] * 20
    values[10:] = [1100.0] * 10
    values[19] = 1300.0
    line = line_of(values, "counted")
    steps = changed.steps("instructions", line, {})
    figure = go.Figure(series_figure(Drawn("instructions", runs_of(20), [line], steps=steps)))
    assert list(named(figure, "level changed").textposition) == ["top center", "top left"]


def test_a_share_of_hundreds_of_percent_is_written_in_full() -> None:
    assert text.change("instructions", 150_000, 50_000) == "+100,000 (+200 %)"
    assert text.change("instructions", 102, 100) == "+2 (+2 %)"


# the baseline


def test_the_newest_baseline_is_a_line_with_its_name(bench: Any) -> None:
    first = bench.run(bench.session(1, bench.cost(1000)), bench.session(1, bench.cost(500), model="other"))
    bench.run(bench.session(2, bench.cost(1100)), bench.session(2, bench.cost(510), model="other"))
    assert not [trace for trace in figure_of(bench).data if "baseline" in str(trace.name)]
    name_baseline(bench, "release", first)
    line = named(figure_of(bench), "baseline release (run 1)")
    assert [value for value in line.y if value is not None] == [1000] * 3 + [500] * 3
    shown = page(bench)
    assert pills(shown)["none"] == "/series?baseline=-"
    figure = figure_of(bench, "?baseline=-")
    assert not [trace for trace in figure.data if "baseline" in str(trace.name)]
    assert named(figure_of(bench, "?baseline=2"), "baseline run 2").y[0] == 1100


def test_a_baseline_that_is_none_is_told(bench: Any) -> None:
    bench.run(bench.session(1, bench.cost(1000)))
    shown = page(bench, "?baseline=nightly")
    assert "Ignored, as nothing is stored of it: nightly" in words(shown).replace(" .", ".")


def test_a_baseline_of_other_conditions_is_no_line(bench: Any) -> None:
    name_baseline(bench, "release", bench.run(bench.session(1, bench.estimate(100, clock_hz=50e6))))
    bench.run(bench.session(2, bench.estimate(100)))
    bench.run(bench.session(3, bench.estimate(100)))
    line = named(figure_of(bench, "?metric=latency_cycles"), "baseline release (run 1)")
    assert len(drawn_lines(figure_of(bench, "?metric=latency_cycles"))) == 2
    assert len([value for value in line.y if value is not None]) == 3, "that of 50 MHz alone has one"


# what changed around the values


def test_what_changed_from_run_to_run_is_marked_and_listed() -> None:
    runs = runs_of(4)
    runs[2] = replace(runs[2], host="other", lab="b" * 64, versions={"hil": "2"})
    runs[1] = replace(runs[1], lab="a" * 64, versions={"hil": "1"})
    runs[3] = replace(runs[2], id=4)
    line = line_of([100.0] * 4, "measured")
    points = [{**point, "conditions": "link ram", "over": 540} for point in line.points]
    points[3]["conditions"] = "link uart"
    beside = {
        session: Beside({"qemu": "10" if session < 2 else "11", "hil": "1"}, "gcc 12", None, None)
        for session in range(1, 5)
    }
    case = ("b", "k", "m", "q15")
    found = changed.around(runs, points, beside, {case: "m q15"})
    assert [(one.run, one.what, one.before, one.after, one.of) for one in found] == [
        (2, "qemu", "10", "11", ("m q15",)),
        (3, "hil", "1", "2", ()),
        (3, "host", "a", "other", ()),
        (3, "lab file", "aaaaaaaaaa", "bbbbbbbbbb", ()),
        (4, "conditions", "link ram", "link uart", ("m q15",)),
    ]
    figure = go.Figure(series_figure(Drawn("latency_us", runs, [line], around=found)))
    mark = named(figure, "surroundings changed")
    assert (list(mark.x), list(mark.customdata)) == ([1, 2, 3], [2, 3, 4])
    assert "host: a → other" in mark.hovertext[1]
    assert [shape.x0 for shape in figure.layout.shapes] == [1, 2, 3]


def test_surroundings_are_listed_with_their_runs(bench: Any) -> None:
    bench.run(bench.session(1, bench.estimate(100)))
    bench.run(bench.session(2, bench.estimate(100, clock_hz=50e6)))
    (row,) = table(page(bench, "?metric=latency_cycles"), "What changed around")
    assert (row["run"], row["href"], row["what"], row["of"]) == (2, "/run?run=2", "conditions", "digits q15")
    assert (row["before"], row["after"]) == ("clock 25 MHz, wait states 0", "clock 50 MHz, wait states 0")


# what is told


def test_every_value_links_to_its_run(bench: Any) -> None:
    for day in (1, 2):
        bench.run(bench.session(day, bench.cost(100)))
    rows = table(page(bench), "Values")
    assert [(row["run"], row["href"]) for row in rows] == [(2, "/run?run=2"), (1, "/run?run=1")]


def test_runs_of_one_commit_are_told(bench: Any) -> None:
    for day in range(1, 7):
        bench.run(bench.session(day, bench.cost(100)), commit="d" * 40 if day == 3 else "c" * 40)
    assert "5 of the runs are of one commit, cccccccccc" in words(page(bench))
    assert "All are of commit cccccccccc" not in words(page(bench))


def test_metric_names_are_found_without_reading_all_measures(bench: Any) -> None:
    bench.run(bench.session(1, bench.cost(1), bench.flash(2), error="it hung"))
    assert read_series(bench.url, Choice()).metrics == ["flash_bytes", "instructions"]


def seen(data: SeriesData) -> list[Line]:
    return lines(points_of(data.values))


def test_values_of_a_failed_session_are_told_as_such(bench: Any) -> None:
    bench.run(bench.session(1, bench.cost(100), error="it hung at the end"))
    data = read_series(bench.url, Choice())
    ((point,),) = (line.points for line in seen(data))
    assert (point["value"], point["status"]) == (100, "failed")
    (line,) = drawn_lines(figure_of(bench))
    assert "of a session that failed" in line.hovertext[0]
    assert Method(data.way.method if data.way else "") is Method.COUNTED


def test_a_plot_leaves_its_ticks_the_room_they_need() -> None:
    def room(*values: float, log: bool = False) -> int:
        points = tuple({"value": value} for value in values)
        how = ("counted", "timer", "", None)
        return left_margin([Line("qemu", "qemu_mps2_an386", "m", "q15", "1", *how, points)], log=log)

    assert room(1.0, 9.0) < room(1_000.0, 9_000.0) < room(1e6, 9e6)
    assert room(1.0, 1.0001) > room(1.0, 9.0)
    assert room(0.0, 0.0) > left_margin([], log=False)
    assert room(10.0, 1e6, log=True) > room(1.0, 9.0)
