"""The plot of a series: a pure function of lines; the colours of text and grid are the style sheet's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby
from typing import Any

from hil.metrics import lookup
from hil_dashboards import text
from hil_dashboards.changed import Around, Step
from hil_dashboards.figures.look import LAYOUT
from hil_dashboards.figures.series_axes import left_margin, run_axis, value_axis
from hil_dashboards.lines import Line, Point, band, case_of
from hil_dashboards.reading.series import SeenRun

# Readable on white and on near-black alike; a mark and a dash of its own beside each.
COLOURS = ("#3b7ddd", "#d9822b", "#18976b", "#c0498f", "#8464e8", "#c4453c", "#1490ab", "#8f8420")
DASHES = ("solid", "dot", "dash", "dashdot", "longdash", "longdashdot", "8px,3px,2px,3px,2px,3px", "3px,6px")
SYMBOLS = (
    "circle",
    "diamond",
    "square",
    "triangle-up",
    "triangle-down",
    "star",
    "hexagon",
    "cross",
)
LOST_COLOUR, QUIET_COLOUR = "#d64545", "#7d8896"
AROUND_MOST, STEPS_MOST = 40, 60  # marks, of the newest; tables have all
_HOVER_MOST = 90  # letters of a line
_LOST_MOST = 200
_BARS_MOST = 60  # points of a line; of more, error bars run into each other and thick lines do
_MARKS_MOST = 50  # of a line's points; the others are points still, to a mouse and to a zoom
_LABELS_MOST = 12
_LAST = 0.9  # of the runs
_FOOT, _HEAD, _VALUES = 0.02, 0.985, 0.95  # of the plot's height; values have it up to the last


@dataclass(frozen=True)
class Drawn:
    """What is drawn of a metric over ``runs``, oldest first.

    ``lost`` are records of sessions that ended without a value. ``baseline`` is what it is called, with its
    values of the lines, by their places.
    """

    metric: str
    runs: Sequence[SeenRun]
    lines: Sequence[Line]
    lost: Sequence[Point] = ()
    steps: Sequence[Step] = ()
    around: Sequence[Around] = ()
    baseline: tuple[str, Mapping[int, float]] | None = None
    log: bool = False


def series_figure(drawn: Drawn) -> dict[str, Any]:
    """One metric over runs, a place of the axis each: a colour per board, model and precision, a mark a line.

    Counted values are steps. A band is where the true value is expected: an error bar, of many points an
    area. A point of a run whose folder had changes that no commit holds is hollow. A session that ended
    before it had a value breaks its line and is a cross at the bottom. A triangle is where the level changed,
    at the top where the runs' surroundings did. The figure is Plotly's JSON: its classes would take seconds
    for hundreds of lines.
    """
    places = {run.id: place for place, run in enumerate(drawn.runs)}
    cases = {case: place for place, case in enumerate(dict.fromkeys(line.case for line in drawn.lines))}
    names, _ = line_names(drawn.lines)
    lost: dict[tuple[str, ...], list[Point]] = {}
    for point in drawn.lost:
        lost.setdefault(case_of(point), []).append(point)
    traces = []
    for number, (line, name) in enumerate(zip(drawn.lines, names, strict=True)):
        points = sorted([*line.points, *lost.get(line.case, [])], key=lambda point: point["session"])
        points.sort(key=lambda point: places[point["run"]])
        colour = COLOURS[cases[line.case] % len(COLOURS)]
        traces += _areas(points, places, colour, f"line {number}")
        traces.append(_trace(drawn.metric, line, points, places, colour, number) | {"name": escape(name)})
    traces += _baseline(drawn, names)
    traces += _steps(drawn, names, places, cases)
    marks = _around_of(drawn.around[-AROUND_MOST:], places)
    traces += [marks] if marks else []
    traces += _crosses(drawn.lost[-_LOST_MOST:], places)
    return {"data": traces, "layout": _layout(drawn, places)}


def line_names(lines: Sequence[Line]) -> tuple[list[str], str]:
    """A name for each line, of the parts that tell it from another, and what all of them have in common."""
    parts = [_name_parts(line) for line in lines]
    same = [len(set(column)) == 1 for column in zip(*parts, strict=True)]
    if len(parts) <= 1 or all(same):
        return [_joined(line) for line in parts], ""
    kept = [place for place, common in enumerate(same) if not common]
    for place in reversed(kept[1:]):  # what goes with the rest of the name tells nothing more
        without = [one for one in kept if one != place]
        if len({tuple(line[one] for one in without) for line in parts}) == len(set(parts)):
            kept = without
    names = [_joined(line[place] for place in kept) for line in parts]
    return names, _joined(part for part, common in zip(parts[0], same, strict=True) if common)


def _name_parts(line: Line) -> tuple[str, ...]:
    over = "" if line.over is None else f"{line.over:,} vectors"
    how = f"{line.method}, {line.technique}"
    return line.board, f"{line.model} {line.precision}", how, line.conditions, over


def _joined(parts: Iterable[str]) -> str:
    return " · ".join(part for part in parts if part)


def _trace(
    metric: str,
    line: Line,
    points: Sequence[Point],
    places: Mapping[int, int],
    colour: str,
    number: int,
) -> dict[str, Any]:
    symbol = SYMBOLS[number % len(SYMBOLS)]
    hollow = any(point["dirty"] for point in points)
    # A brace would begin what Plotly puts a value for.
    told = "<br>".join(escape(part).replace("{", "&#123;") for part in _told(line) if part)
    return {
        "type": "scatter",
        "x": [places[point["run"]] for point in points],
        "y": [point["value"] for point in points],
        "customdata": [point["run"] for point in points],
        "mode": "lines+markers",
        "connectgaps": False,
        "legendgroup": f"line {number}",
        "line": {
            "shape": "hv" if line.method == "counted" else "linear",
            "width": 2 if len(points) <= _BARS_MOST else 1.5,
            "color": colour,
            "dash": DASHES[number % len(DASHES)],
        },
        "marker": {
            "size": 8,
            "maxdisplayed": _MARKS_MOST,
            "symbol": [symbol + ("-open" if point["dirty"] else "") for point in points]
            if hollow
            else symbol,
            "line": {"width": [2 if point["dirty"] else 0 for point in points]} if hollow else {"width": 0},
        },
        "hovertext": [None if point["value"] is None else _hover(metric, point) for point in points],
        "hovertemplate": f"%{{hovertext}}<br>{told}<extra></extra>",
        **(_bars(points, colour) if len(points) <= _BARS_MOST else {}),
    }


def _told(line: Line) -> tuple[str, ...]:
    """What every point of a line has in common."""
    over = "" if line.over is None else f"over {line.over:,} vectors"
    how = f"{line.method}, {line.technique}"
    return f"{line.model} {line.precision}", f"board {line.board} ({line.kind})", how, line.conditions, over


def _hover(metric: str, point: Point) -> str:
    amount = text.amount(metric, point["value"], point["unit"])
    if point["resolution"] is not None and not lookup(metric).share:
        amount += f" (steps of {text.plain(point['resolution'])})"
    told = [f"<b>{escape(amount)}</b>"]
    ends = band(point)
    if ends is not None:
        told.append(f"expected {text.expected(metric, point['value'], ends)}")
    if point["status"] != "finished":
        told.append(escape(f"of a session that {point['status']}"))
    return "<br>".join([*told, *_origin(point)])


def _origin(point: Point) -> list[str]:
    told = (
        f"run {point['run']}, {text.moment(point['time'])}",
        _cut(text.of_commit(point["commit"], point["dirty"], point["note"])),
        f"image {text.image(point['image'])}",
    )
    return [escape(line) for line in told]


def _cut(said: str) -> str:
    return said if len(said) <= _HOVER_MOST else said[: _HOVER_MOST - 1] + "…"


def _bars(points: Sequence[Point], colour: str) -> dict[str, Any]:
    """Error bars from the points' bands; nothing when no point has one."""
    if all(point["low"] is None for point in points):
        return {}

    def reach(point: Point, end: str) -> float | None:
        return None if point[end] is None else abs(point[end] - point["value"])

    return {
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [reach(point, "high") for point in points],
            "arrayminus": [reach(point, "low") for point in points],
            "color": _faint(colour, 0.6),
            "thickness": 1.5,
            "width": 4,
        }
    }


def _areas(
    points: Sequence[Point], places: Mapping[int, int], colour: str, group: str
) -> list[dict[str, Any]]:
    """The bands of many points as areas, which end where a point has none."""
    if len(points) <= _BARS_MOST or all(point["low"] is None for point in points):
        return []
    x: list[float | None] = []
    y: list[float | None] = []
    for has, part in groupby(points, key=lambda point: point["low"] is not None):
        if not has:
            continue
        some = list(part)
        there: list[float | None] = [places[point["run"]] for point in some]
        x += [None] * bool(x) + there + there[::-1]
        y += [None] * bool(y) + [point["high"] for point in some] + [point["low"] for point in some][::-1]
    return [
        {
            "type": "scatter",
            "x": x,
            "y": y,
            "mode": "lines",
            "line": {"width": 0},
            "fill": "toself",
            "fillcolor": _faint(colour, 0.16),
            "hoverinfo": "skip",
            "showlegend": False,
            "legendgroup": group,
        }
    ]


def _faint(colour: str, share: float) -> str:
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return f"rgba({red},{green},{blue},{share})"


def _baseline(drawn: Drawn, names: Sequence[str]) -> list[dict[str, Any]]:
    """A level line from end to end for each line that the baseline has a value of."""
    if drawn.baseline is None or not drawn.baseline[1]:
        return []
    told, values = drawn.baseline
    x: list[float | None] = []
    y: list[float | None] = []
    hover: list[str | None] = []
    for number, value in values.items():
        said = f"<b>{escape(told)}</b><br>{_amount(drawn, number, value)}<br>{escape(names[number])}"
        x += [-0.5, len(drawn.runs) / 2 - 0.5, len(drawn.runs) - 0.5, None]
        y += [value, value, value, None]
        hover += [said, said, said, None]
    return [
        {
            "type": "scatter",
            "name": escape(told),
            "x": x,
            "y": y,
            "mode": "lines",
            "line": {"width": 1.5, "dash": "2px,3px", "color": QUIET_COLOUR},
            "hovertext": hover,
            "hovertemplate": "%{hovertext}<extra></extra>",
        }
    ]


def _amount(drawn: Drawn, number: int, value: float) -> str:
    return escape(text.amount(drawn.metric, value, drawn.lines[number].unit))


def _steps(
    drawn: Drawn, names: Sequence[str], places: Mapping[int, int], cases: Mapping[Any, int]
) -> list[dict[str, Any]]:
    """A large triangle at the first point of each new level, up or down as it went."""
    marked = sorted(drawn.steps, key=lambda step: places[step.point["run"]])[-STEPS_MOST:]
    if not marked:
        return []
    numbers = {id(line): number for number, line in enumerate(drawn.lines)}
    hover = []
    for step in marked:
        number = numbers[id(step.line)]
        before, after = (_amount(drawn, number, value) for value in (step.before, step.after))
        change = escape(text.change(drawn.metric, step.after, step.before))
        told = [f"<b>level {step.verdict}: {change}</b>", f"{before} → {after}", step.how]
        hover.append("<br>".join([*told, *_origin(step.point), escape(names[number])]))
    labels = _labels(drawn.metric, marked)
    labelled = any(labels)
    return [
        {
            "type": "scatter",
            "name": "level changed",
            "x": [places[step.point["run"]] for step in marked],
            "y": [step.point["value"] for step in marked],
            "customdata": [step.point["run"] for step in marked],
            "mode": "markers+text" if labelled else "markers",
            "cliponaxis": False,
            "marker": {
                "size": 17,
                "symbol": [f"triangle-{'up' if one.after > one.before else 'down'}-open" for one in marked],
                "color": [COLOURS[cases[step.line.case] % len(COLOURS)] for step in marked],
                "line": {"width": 2.5},
            },
            "text": [escape(label) for label in labels] if labelled else None,
            "textposition": [_side(places[step.point["run"]], len(places)) for step in marked],
            "textfont": {"size": 12},
            "hovertext": hover,
            "hovertemplate": "%{hovertext}<extra></extra>",
        }
    ]


def _labels(metric: str, steps: Sequence[Step]) -> list[str]:
    """A few words beside the largest step of each run; none where they would cover each other."""
    largest: dict[int, tuple[float, int]] = {}
    for number, step in enumerate(steps):
        size = abs(step.after - step.before) if step.share is None else abs(step.share)
        largest[step.point["run"]] = max((size, number), largest.get(step.point["run"], (-1.0, 0)))
    chosen = {number for _, number in largest.values()} if len(largest) <= _LABELS_MOST else set()
    return [_label(metric, step) if number in chosen else "" for number, step in enumerate(steps)]


def _label(metric: str, step: Step) -> str:
    if lookup(metric).share or step.share is None:
        return f"{text.change(metric, step.after, step.before)} {step.verdict}"
    return f"{'+' if step.share > 0 else '−'}{text.share_percent(step.share)} {step.verdict}"


def _side(place: int, count: int) -> str:
    """Where a label has room: those of the last runs would leave the plot."""
    return "top left" if place > count * _LAST else "top center"


def _around_of(around: Sequence[Around], places: Mapping[int, int]) -> dict[str, Any] | None:
    """A mark at the top for each run before which something changed around the values."""
    if not around:
        return None
    by_run = [
        (run, "<br>".join(_said(one) for one in some))
        for run, some in groupby(around, key=lambda one: one.run)
    ]
    return {
        "type": "scatter",
        "name": "surroundings changed",
        "x": [places[run] for run, _ in by_run],
        "y": [_HEAD] * len(by_run),
        "yaxis": "y2",
        "customdata": [run for run, _ in by_run],
        "mode": "markers",
        "marker": {"size": 11, "symbol": "triangle-down", "color": QUIET_COLOUR},
        "hovertext": [f"<b>from run {run} on</b><br>{said}" for run, said in by_run],
        "hovertemplate": "%{hovertext}<extra></extra>",
    }


def _said(one: Around) -> str:
    return escape(_cut(f"{one.what}: {one.before} → {one.after}"))


def _crosses(lost: Sequence[Point], places: Mapping[int, int]) -> list[dict[str, Any]]:
    """Marks at the foot of the plot: they have no value."""
    by_run: dict[int, list[str]] = {}
    for point in lost:
        by_run.setdefault(point["run"], []).append(_hover_lost(point))
    if not by_run:
        return []
    return [
        {
            "type": "scatter",
            "name": "no value",
            "x": [places[run] for run in by_run],
            "y": [_FOOT] * len(by_run),
            "yaxis": "y2",
            "customdata": list(by_run),
            "mode": "markers",
            "marker": {"size": 10, "symbol": "x-thin", "line": {"width": 3, "color": LOST_COLOUR}},
            "hovertext": [
                "<br><br>".join([*told[:3], *([f"and {len(told) - 3} more"] if len(told) > 3 else [])])
                for told in by_run.values()
            ],
            "hovertemplate": "%{hovertext}<extra></extra>",
        }
    ]


def _hover_lost(point: Point) -> str:
    said = _cut(str(point["error"] or "no reason stored"))
    of_what = f"{point['model']} {point['precision']} on {point['board']} ({point['kind']})"
    told = [f"<b>{escape(point['status'])}</b> {escape(said)}", escape(of_what), *_origin(point)]
    return "<br>".join(told)


def _layout(drawn: Drawn, places: Mapping[int, int]) -> dict[str, Any]:
    at = sorted({places[one.run] for one in drawn.around[-AROUND_MOST:]})
    return {
        "margin": {"l": left_margin(drawn.lines, log=drawn.log), "r": 34, "t": 16, "b": 52},
        **LAYOUT,
        "showlegend": False,  # pages/plot_key.py has one
        "xaxis": run_axis(drawn.runs),
        "yaxis": {**value_axis(drawn.metric, drawn.lines, log=drawn.log), "domain": [0, _VALUES]},
        "yaxis2": {"overlaying": "y", "range": [0, 1], "fixedrange": True, "visible": False},
        "shapes": [
            {
                "type": "line",
                "x0": place,
                "x1": place,
                "y0": 0,
                "y1": 1,
                "yref": "paper",
                "layer": "below",
                "line": {"width": 1, "dash": "dot", "color": _faint(QUIET_COLOUR, 0.7)},
            }
            for place in at
        ],
    }
