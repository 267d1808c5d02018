"""The series page: one metric over runs, where it changed, what changed around it, and the values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from hil.measure.changes import LEAST_HISTORY
from hil.metrics import lookup
from hil_dashboards import changed, lines, text
from hil_dashboards.choices.places import HOW_TO_READ
from hil_dashboards.choices.series import LINES_MOST, NO_BASELINE, RUNS, Choice, Filter, Scale
from hil_dashboards.figures.series import AROUND_MOST, STEPS_MOST, Drawn, line_names, series_figure
from hil_dashboards.lines import Line
from hil_dashboards.pages.choosers import choose_many, choose_one, choosers
from hil_dashboards.pages.parts import Child, badge, heading, pill, pills, some
from hil_dashboards.pages.plot_key import plot_key
from hil_dashboards.pages.series_tables import around_table, steps_table, values_table
from hil_dashboards.reading.series import SeriesData

_PLOT_HEIGHT = 440  # pixels
_IGNORED_MOST = 3  # names
_FEW = 5  # baselines, the newest; another is in an address
_LOG_FROM = 30  # times that the largest value is of the smallest
_SAME_LEAST = 5  # runs of one commit that are told

_CONFIG: Any = {
    "displaylogo": False,
    "responsive": True,
    "modeBarButtons": [["zoom2d", "pan2d", "resetScale2d", "toImage"]],
}


@dataclass(frozen=True)
class _Shown:
    """What of the data is drawn; ``left`` lines are not, and of ``short`` ones too little is known."""

    data: SeriesData
    metric: str
    drawn: Drawn
    left: int
    short: int
    scale: Scale
    positive: bool


def series_page(data: SeriesData) -> list[Child]:
    """Choices as links, the plot, the tables."""
    shown = _shown(data)
    return [
        html.Div(
            [
                heading(
                    [lookup(shown.metric).title, " over runs"],
                    "Series",
                    shown.metric,
                    some(data.choice.model, "models"),
                    some(data.choice.board, "boards"),
                    some(data.choice.precision, "precisions"),
                ),
                html.P(_told(shown), className="muted"),
                *_ignored(data.ignored),
            ],
            className="page-head",
        ),
        html.Section(_choices(shown), className="choices card"),
        *(_plotted(shown) if data.values else [_nothing(shown.metric)]),
    ]


def _shown(data: SeriesData) -> _Shown:
    metric = data.metric or ""
    points = lines.points_of(data.values)
    ranks = {tuple(case): place for place, case in enumerate(data.cases)}
    found = sorted(lines.lines(points), key=lambda line: (ranks[line.case], -line.points[-1]["session"]))
    # Each case has its newest line; older ones, of other conditions, have the room that is left.
    newest = list({line.case: line for line in reversed(found)}.values())
    older = [line for line in found if line not in newest]
    drawn = [line for line in found if line in [*newest, *older][:LINES_MOST]]
    values = [point["value"] for line in drawn for point in line.points]
    positive = bool(values) and min(values) > 0
    scale = _scale(data.choice.scale, values) if positive else "linear"
    references = {session: beside.reference for session, beside in data.beside.items()}
    steps = [step for line in drawn for step in changed.steps(metric, line, references)]
    around = changed.around(data.runs, points, data.beside, _names(data))
    about = (lines.lost(points), steps, around, _baseline(data, drawn), scale == "log")
    short = sum(changed.is_short(metric, line) for line in drawn)
    left = len(found) - len(drawn)
    return _Shown(data, metric, Drawn(metric, data.runs, drawn, *about), left, short, scale, positive)


def _scale(asked: Scale | None, values: Sequence[float]) -> Scale:
    """What was asked for, else what values above 0 need."""
    return asked or ("log" if max(values) > _LOG_FROM * min(values) else "linear")


def _names(data: SeriesData) -> dict[Any, str]:
    """What the cases are called beside each other."""
    parts = [(case.board, f"{case.model} {case.precision}") for case in data.cases]
    boards, models = (
        (len(set(column)) > 1 for column in zip(*parts, strict=True)) if parts else (False, False)
    )
    told = {}
    for case, (board, model) in zip(data.cases, parts, strict=True):
        told[tuple(case)] = f"{model} on {board}" if boards and models else board if boards else model
    return told


def _baseline(data: SeriesData, some: Sequence[Line]) -> tuple[str, dict[int, float]] | None:
    """The values of the baseline that lines may be compared with, by the lines' places."""
    if data.baseline is None:
        return None
    held = {tuple(case): value for case, value in data.baseline.values.items()}
    found = {}
    for place, line in enumerate(some):
        value = held.get(line.case)
        if value is None or value.unit != line.unit or value.told != line.conditions:
            continue
        if line.over is None or value.vectors == line.over:
            found[place] = value.value
    run = data.baseline.run
    name = f"run {run.id}" if run.name == str(run.id) else f"{text.short(run.name)} (run {run.id})"
    return f"baseline {name}", found


def _ignored(names: list[str]) -> list[Component]:
    if not names:
        return []
    shown: list[Child] = []
    for name in names[:_IGNORED_MOST]:
        shown += [", " if shown else "", html.Code(text.short(name))]
    more = len(names) - _IGNORED_MOST
    told = f" and {more:,} more" if more > 0 else ""
    return [html.P(["Ignored, as nothing is stored of it: ", *shown, f"{told}."], className="ignored")]


def _told(shown: _Shown) -> list[Child]:
    drawn = shown.drawn
    points = [point for line in drawn.lines for point in line.points]
    told = f"{shown.metric}: {_count(len(points), 'value')} on {_count(len(drawn.lines), 'line')}"
    told += f", {_count(len(drawn.runs), 'run')}."
    _, common = line_names(drawn.lines)
    if common:
        told += f" All of {common}."
    told += _told_commits(shown.data)
    return [told, " ", html.A("What the marks mean", href=f"{HOW_TO_READ}#plots", className="more"), "."]


def _told_commits(data: SeriesData) -> str:
    most = Counter(run.commit for run in data.runs if run.commit).most_common(1)
    if not most or most[0][1] < max(_SAME_LEAST, len(data.runs) // 10):
        return ""
    commit, count = most[0]
    if count == len(data.runs):
        return f" All are of commit {text.commit(commit, False)}."
    return f" {count:,} of the runs are of one commit, {text.commit(commit, False)}."


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def _choices(shown: _Shown) -> list[Component]:
    """What there are many of is found by typing, what there are few of by looking."""
    data, choice = shown.data, shown.data.choice
    metrics = [(name, f"{lookup(name).title} ({name})") for name in data.metrics]
    runs = [pill(str(runs), choice.of_runs(runs).href(), runs == choice.runs) for runs in RUNS]
    ways = [pill(way.told, choice.of_way(way).href(), way == data.way) for way in data.ways]
    return [
        choosers(
            choose_one("Metric", "metric", metrics, data.metric, choice.of_metric(None).href()),
            _filter("Model", "model", data.models, choice),
            _filter("Board", "board", data.boards, choice),
        ),
        html.Div(
            [
                *([pills("Obtained", ways)] if ways else []),
                _precisions(data.precisions, choice),
                pills("Newest runs", runs),
                *_baselines(data),
                *_scales(shown),
            ],
            className="few",
        ),
    ]


def _filter(title: str, which: Filter, names: Sequence[str], choice: Choice) -> Component:
    return choose_many(title, which, names, choice.names(which), choice.cleared(which).href())


def _precisions(names: Iterable[str], choice: Choice) -> Component:
    chosen = choice.names("precision")
    offered = [pill("all", choice.cleared("precision").href(), not chosen)]
    offered += [pill(name, choice.toggled("precision", name).href(), name in chosen) for name in names]
    return pills("Precision", offered)


def _baselines(data: SeriesData) -> list[Component]:
    taken = data.baseline.run.name if data.baseline is not None else NO_BASELINE
    names = list(dict.fromkeys([*data.baselines[:_FEW], *([taken] if taken != NO_BASELINE else [])]))
    if not names:
        return []
    offered = [pill(name, replace(data.choice, baseline=name).href(), name == taken) for name in names]
    none = replace(data.choice, baseline=NO_BASELINE)
    return [pills("Baseline", [*offered, pill("none", none.href(), taken == NO_BASELINE)])]


def _scales(shown: _Shown) -> list[Component]:
    """Where values are not above 0 there is no choice."""
    if not shown.positive:
        return []
    scales: tuple[tuple[str, Scale], ...] = (("linear", "linear"), ("logarithmic", "log"))
    choice = shown.data.choice
    return [
        pills(
            "Axis",
            [pill(name, replace(choice, scale=scale).href(), scale == shown.scale) for name, scale in scales],
        )
    ]


def _nothing(metric: str) -> Component:
    return html.Section(
        [
            html.H2("Nothing to plot"),
            html.P(
                [
                    "No stored session of this choice has a value of ",
                    html.Code(metric),
                    ". Widen the choice above.",
                ]
            ),
        ],
        className="notice card",
    )


def _plotted(shown: _Shown) -> list[Child]:
    drawn, data = shown.drawn, shown.data
    figure = series_figure(drawn)
    plot = dcc.Graph(
        id={"plot": "series"},
        figure=figure,
        config=_CONFIG,
        responsive=True,
        className="plot",
        style={"height": f"{_PLOT_HEIGHT}px"},
    )
    # A button that was pressed is not pressed beside another figure.
    key = html.Div(plot_key(figure, toggles=True), key=data.choice.href())
    head: list[Child] = [*([badge(*data.way)] if data.way is not None else [])]
    head.append(html.Span("Click a point for its run.", className="muted"))
    return [
        html.Section(
            [html.Div(head, className="plot-head"), plot, key, *_notes(shown)], className="card plot-card"
        ),
        *([steps_table(shown.metric, drawn.steps)] if drawn.steps else []),
        *([around_table(drawn.around, drawn.runs)] if drawn.around else []),
        values_table(data.way, drawn),
    ]


def _notes(shown: _Shown) -> list[Component]:
    """What is left out, and what cannot be told."""
    found = [*_left_out(shown.data)]
    if shown.left:
        more = f"{_count(shown.left, 'older line')} of the same boards and models, of other conditions"
        found.append(html.P(f"{more}: left out; choose fewer boards or models to see them."))
    for what, count, most in (
        ("level", len(shown.drawn.steps), STEPS_MOST),
        ("surroundings", len(shown.drawn.around), AROUND_MOST),
    ):
        if count > most:
            told = f"Of {count:,} changes of {what} the newest {most} are marked; the table below has all."
            found.append(html.P(told))
    if shown.short:
        found.append(
            html.P(
                f"{_count(shown.short, 'line')} of fewer than {LEAST_HISTORY} values: "
                "too few to tell a change from noise."
            )
        )
    return [html.Div(found, className="plot-notes muted")] if found else []


def _left_out(data: SeriesData) -> list[Component]:
    """Which of more than can be told apart are drawn, and the way to the others."""
    if data.matching <= LINES_MOST:
        return []
    first, last = data.choice.skip + 1, data.choice.skip + len(data.cases)
    told: list[Child] = [
        f"{first:,} to {last:,} of {data.matching:,} boards' images, in the order of how much worse they "
        "got: since the baseline, the run before, or the first of these runs."
    ]
    for name, skip in (("The 8 before", first - 1 - LINES_MOST), ("The next 8", last)):
        if 0 <= skip < data.matching:
            told += [" ", html.A(name, href=replace(data.choice, skip=skip).href(), className="more")]
    return [html.P(told)]
