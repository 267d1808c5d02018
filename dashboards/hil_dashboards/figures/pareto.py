"""The plot of a trade-off: two metrics of a board's images, and which of them nothing dominates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import isfinite, log10, sqrt
from typing import Any

from hil.metrics import lookup
from hil_dashboards import text
from hil_dashboards.figures.look import LAYOUT
from hil_dashboards.figures.series import COLOURS

LOG_FROM = 30  # times that the largest value is of the smallest
_SHAPES = {"f32": "square", "q15": "circle", "q7": "diamond"}
_LINE, _ARROW = "#7c8794", "#b3681a"
_SIZE, _SMALLEST, _LARGEST = 13, 9, 32  # pixels
_MOVED_LEAST = 0.01  # of an axis: an arrow that is shorter would be a dot


@dataclass(frozen=True)
class Mark:
    """One image: where it is, what its hover says, and the ``place`` that it has on the front, from 1.

    ``before``: where it was in the run to compare with. ``fits`` is None without a budget.
    """

    precision: str
    x: float
    y: float
    size: float | None
    hover: str
    address: str
    place: int | None
    fits: bool | None
    before: tuple[float, float] | None = None
    hover_before: str = ""


@dataclass(frozen=True)
class Axis:
    """A metric, its title with its unit, the way its values were obtained, and whether more is better."""

    metric: str
    title: str
    way: str
    higher: bool


def pareto_figure(x: Axis, y: Axis, marks: Sequence[Mark], lined: bool) -> dict[str, Any]:
    """A mark for each image, a shape and a colour for each precision; Plotly's JSON.

    What is on the front is filled and has a number, what is dominated is hollow, what does not fit is
    crossed out. ``lined``: the front is drawn as well, as the best that one axis allows at each value of the
    other.
    """
    logs = [_is_log([getattr(mark, name) for mark in marks]) for name in ("x", "y")]
    traces = [*_front(x, marks, lined), *_marks(marks), *_arrows(marks, logs)]
    return {"data": [*traces, *_keys(marks)], "layout": _layout(x, y, logs)}


def _is_log(values: Sequence[float]) -> bool:
    return bool(values) and min(values) > 0 and max(values) > LOG_FROM * min(values)


def _front(x: Axis, marks: Sequence[Mark], lined: bool) -> list[dict[str, Any]]:
    front = sorted((mark for mark in marks if mark.place is not None), key=lambda mark: mark.place or 0)
    if not lined or not front:
        return []
    return [
        {
            "type": "scatter",
            "name": "Pareto front",
            "x": [mark.x for mark in front],
            "y": [mark.y for mark in front],
            "mode": "lines",
            "line": {"shape": "vh" if x.higher else "hv", "color": _LINE, "width": 2, "dash": "dot"},
            "hoverinfo": "skip",
        }
    ]


def _arrows(marks: Sequence[Mark], logs: Sequence[bool]) -> list[dict[str, Any]]:
    """From where each was to where it is; a symbol at the end points on, as Plotly turns it."""
    ends = [mark for mark in marks if mark.before is not None and _moved(mark, marks, logs)]
    if not ends:
        return []
    xs: list[float | None] = []
    ys: list[float | None] = []
    told: list[str | None] = []
    for mark in ends:
        before = mark.before or (0.0, 0.0)
        xs += [before[0], mark.x, None]
        ys += [before[1], mark.y, None]
        told += [mark.hover_before, mark.hover, None]
    return [
        {
            "type": "scatter",
            "name": "since the baseline",
            "x": xs,
            "y": ys,
            "mode": "lines+markers",
            "meta": "arrow",
            "line": {"color": _ARROW, "width": 1.5},
            "marker": {
                "color": _ARROW,
                "size": [5, 12, 0] * len(ends),
                "symbol": ["circle", "arrow", "circle"] * len(ends),
                "angleref": "previous",
                "line": {"width": 0},
            },
            "hovertext": told,
            "hoverinfo": "text",
        }
    ]


def _moved(mark: Mark, marks: Sequence[Mark], logs: Sequence[bool]) -> bool:
    before = mark.before or (mark.x, mark.y)
    for place, (now, old) in enumerate(zip((mark.x, mark.y), before, strict=True)):
        values = [(one.x, one.y)[place] for one in marks]
        scale = (lambda value: log10(value) if value > 0 else 0.0) if logs[place] else float
        span = scale(max(values)) - scale(min(values))
        if span and isfinite(old) and abs(scale(now) - scale(old)) >= _MOVED_LEAST * span:
            return True
    return False


def _marks(marks: Sequence[Mark]) -> list[dict[str, Any]]:
    sizes = _sizes(marks)
    precisions = sorted({mark.precision for mark in marks})
    traces = []
    for number, precision in enumerate(precisions):
        of_it = [(mark, size) for mark, size in zip(marks, sizes, strict=True) if mark.precision == precision]
        # Small ones last: none lies hidden below a larger one.
        of_it.sort(key=lambda one: -one[1])
        traces.append(
            {
                "type": "scatter",
                "name": escape(precision),
                "x": [mark.x for mark, _ in of_it],
                "y": [mark.y for mark, _ in of_it],
                "mode": "markers+text",
                "text": ["" if mark.place is None else str(mark.place) for mark, _ in of_it],
                "textposition": "top center",
                "textfont": {"size": 13},
                "cliponaxis": False,
                "marker": {
                    "size": [size for _, size in of_it],
                    "symbol": [_symbol(mark) for mark, _ in of_it],
                    "color": COLOURS[number % len(COLOURS)],
                    "opacity": 0.9,
                    "line": {"width": 1.5, "color": COLOURS[number % len(COLOURS)]},
                },
                "hovertext": [mark.hover for mark, _ in of_it],
                "hoverinfo": "text",
                "customdata": [mark.address for mark, _ in of_it],
            }
        )
    return traces


def _symbol(mark: Mark) -> str:
    shape = _SHAPES.get(mark.precision, "hexagon")
    if mark.fits is False:
        return f"{shape}-x-open" if shape in _SHAPES.values() else "x-thin"
    return shape if mark.place is not None else f"{shape}-open"


def _sizes(marks: Sequence[Mark]) -> list[float]:
    """The area grows with the value, from the smallest to the largest."""
    held = [mark.size for mark in marks if mark.size is not None]
    if not held or min(held) == max(held):
        return [float(_SIZE)] * len(marks)
    low, high = min(held), max(held)

    def pixels(value: float | None) -> float:
        if value is None:
            return float(_SMALLEST)
        share = (value - low) / (high - low)
        return sqrt(_SMALLEST**2 + share * (_LARGEST**2 - _SMALLEST**2))

    return [pixels(mark.size) for mark in marks]


def _keys(marks: Sequence[Mark]) -> list[dict[str, Any]]:
    """What filled, hollow and crossed marks mean, as entries of the legend."""
    meanings = [("circle", "on the front", any(mark.place is not None for mark in marks))]
    hollow = any(mark.place is None and mark.fits is not False for mark in marks)
    meanings.append(("circle-open", "dominated", hollow))
    meanings.append(("circle-x-open", "does not fit", any(mark.fits is False for mark in marks)))
    return [
        {
            "type": "scatter",
            "name": name,
            "x": [None],
            "y": [None],
            "mode": "markers",
            "marker": {"symbol": symbol, "color": _LINE, "size": 11, "line": {"width": 1.5, "color": _LINE}},
            "hoverinfo": "skip",
        }
        for symbol, name, there in meanings
        if there
    ]


def _layout(x: Axis, y: Axis, logs: Sequence[bool]) -> dict[str, Any]:
    return {
        "margin": {"l": 104, "r": 20, "t": 20, "b": 84},  # what the axes' words usually need
        **LAYOUT,
        "showlegend": False,  # pages/plot_key.py has one
        "xaxis": _axis(x, logs[0]),
        "yaxis": _axis(y, logs[1]),
    }


def _axis(axis: Axis, log: bool) -> Mapping[str, Any]:
    better = "more is better" if axis.higher else "less is better"
    small = f"<span style='font-size:11px'>{escape(axis.way)} · {better}</span>"
    return {
        "title": {
            "text": f"{escape(axis.title)}<br>{small}",
            "standoff": 12,
            "font": {"size": 13},
        },
        "automargin": True,
        "zeroline": False,
        "tickformat": ".4~%" if lookup(axis.metric).share else ",~s" if log else ",~f",
        **({"type": "log", "dtick": 1} if log else {"nticks": 7}),
    }


def size_told(metric: str, marks: Sequence[Mark], unit: str) -> str:
    """From how much to how much the area of marks stands for; empty where they have one size."""
    held = [mark.size for mark in marks if mark.size is not None]
    if not held or min(held) == max(held):
        return ""
    low, high = (text.amount(metric, one, unit) for one in (min(held), max(held)))
    return f"A larger mark has more {lookup(metric).title}: {low} to {high}."
