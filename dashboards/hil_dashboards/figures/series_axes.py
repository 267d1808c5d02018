"""The axes of a series: runs in the order of their times, and values, linear or by their logarithms."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from math import ceil, floor, log10
from typing import Any

from hil.metrics import lookup
from hil_dashboards import text
from hil_dashboards.lines import Line
from hil_dashboards.reading.series import SeenRun

_TICKS_MOST = 4  # so many have room in a narrow window
_LOG_TICKS_MOST = 10
_TITLE, _LETTER = 46, 7.6  # pixels
_STEPS = 6  # of an axis, about


def run_axis(runs: Sequence[SeenRun]) -> dict[str, Any]:
    """A place for each run, some of them named."""
    if not runs:
        return {"visible": False}
    shown = every_so_many(list(range(len(runs))), _TICKS_MOST)
    return {
        "range": [-0.5, len(runs) - 0.5],
        "tickvals": shown,
        "ticktext": [f"run {runs[place].id}<br>{runs[place].started:%d %b}" for place in shown],
        "tickangle": 0,
        "tickfont": {"size": 12},
        "zeroline": False,
        "showgrid": False,
        "ticks": "outside",
    }


def every_so_many(items: list[int], most: int) -> list[int]:
    """At most ``most`` of the items, evenly, the last among them."""
    step = max(1, -(-len(items) // most))
    return items[::-1][::step][::-1]


def value_axis(metric: str, lines: Sequence[Line], *, log: bool) -> dict[str, Any]:
    """The metric's title and unit, and a range that shows every value with its band."""
    units = sorted({text.unit(metric, line.unit) for line in lines} - {""})
    name = lookup(metric).title
    axis: dict[str, Any] = {
        "title": {
            "text": escape(f"{name} ({', '.join(units)})" if units else name),
            "standoff": 12,
            "font": {"size": 13},
        },
        "automargin": True,
        "zeroline": False,
        "tickformat": ".4~%" if lookup(metric).share else ",~f",
    }
    points = [point for line in lines for point in line.points]
    if not points:
        return axis
    values = [point["value"] for point in points]
    if log:
        return axis | {"type": "log"} | _log_ticks(min(values), max(values))
    if any(point["low"] is not None for point in points):  # Plotly's own range takes in the bars
        return axis
    return axis | _flat_range(metric, min(values), max(values))


def left_margin(lines: Sequence[Line], *, log: bool) -> int:
    """Pixels that the values' ticks need beside their title, about: with too few, Plotly draws all anew."""
    values = [point["value"] for line in lines for point in line.points]
    if not values:
        return _TITLE
    low, high = min(values), max(values)
    if log:
        told = _log_ticks(low, high)["ticktext"]
    else:
        step = (high - low or abs(high) or 1.0) / _STEPS
        digits = max(0, -floor(log10(step)))
        told = [f"{value:,.{digits}f}" for value in (low, high)]
    return _TITLE + round(_LETTER * max(map(len, told)))


def _log_ticks(low: float, high: float) -> dict[str, Any]:
    """1, 2 and 5 of each power of ten, or of many powers the powers alone."""
    powers = range(floor(log10(low)), ceil(log10(high)) + 1)
    steps = (1, 2, 5) if 3 * len(powers) <= _LOG_TICKS_MOST + 5 else (1,)
    held = [step * 10.0**power for power in powers for step in steps]
    return {"tickvals": held, "ticktext": [text.plain(value) for value in held]}


def _flat_range(metric: str, low: float, high: float) -> dict[str, Any]:
    """A range of its own for values that never change: Plotly would show one unit to either side."""
    if low != high:
        return {}
    if lookup(metric).share:
        return {"range": [low - 0.02, min(high + 0.02, 1.002)]}
    pad = abs(low) * 0.05 or 1.0
    return {"range": [low - pad, high + pad]}
