"""The plot of a series: a pure function of a frame; the colours of text and grid are the style sheet's."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from html import escape
from typing import Any

import pandas as pd

from hil.metrics import lookup
from hil_dashboards import frames, text
from hil_dashboards.frames import CASE, Line

# Readable on white and on near-black alike.
COLOURS = ("#3b7ddd", "#d9822b", "#18976b", "#c0498f", "#8464e8", "#c4453c", "#1490ab", "#8f8420")
LOST_COLOUR = "#d64545"
_DASHES = ("solid", "dot", "dash", "dashdot")
_SYMBOLS = ("circle", "diamond", "square", "triangle-up")
_TICKS_MOST = 5
_HOVER_MOST = 90  # letters of a line
_CROSSES_MOST = 200
_CAPS_MOST = 60  # points; ends of more error bars than that run into each other


def series_figure(metric: str, frame: pd.DataFrame) -> dict[str, Any]:
    """One metric over runs: a colour per board, model and precision, a dash per way it was obtained.

    ``frame`` has VALUE_COLUMNS, oldest first. Counted values are steps. An error bar is a value's band.
    A point of a run whose folder had changes that no commit holds is hollow. A session that ended before it
    had a value breaks its line and is a cross at the bottom. The figure is Plotly's JSON: its classes would
    take seconds for hundreds of lines.
    """
    lost = list(frames.records(frames.without_value(frame)))
    found = frames.lines(frame)
    colours = {case: place for place, case in enumerate(dict.fromkeys(line.case for line in found))}
    variants = {way: place for place, way in enumerate(_ways(found))}
    names, _ = line_names(found)
    gaps: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for point in lost:
        gaps.setdefault(tuple(point[name] for name in CASE), []).append(point)
    traces = [
        {
            "name": escape(name),
            **_trace(metric, line, gaps.get(line.case, []), colours[line.case], variants[_way(line)]),
        }
        for line, name in zip(found, names, strict=True)
    ]
    layout = {**_layout(metric, frame, found), "annotations": _crosses(lost[-_CROSSES_MOST:])}
    return {"data": traces, "layout": layout}


def _way(line: Line) -> tuple[str, str, str]:
    return line.method, line.technique, line.conditions


def _ways(found: list[Line]) -> list[tuple[str, str, str]]:
    """Methods, techniques and conditions, those with most values first: they get the solid line."""
    values: dict[tuple[str, str, str], int] = {}
    for line in found:
        way = _way(line)
        values[way] = values.get(way, 0) + len(line.points)
    return sorted(values, key=lambda way: (-values[way], way))


def line_names(found: list[Line]) -> tuple[list[str], str]:
    """A name for each line, of the parts that tell it from another, and what all of them have in common."""
    parts = [_name_parts(line) for line in found]
    same = [len(set(column)) == 1 for column in zip(*parts, strict=True)]
    if len(parts) <= 1 or all(same):
        return [_joined(line) for line in parts], ""
    names = [_joined(part for part, common in zip(line, same, strict=True) if not common) for line in parts]
    return names, _joined(part for part, common in zip(parts[0], same, strict=True) if common)


def _name_parts(line: Line) -> tuple[str, ...]:
    over = "" if line.over is None else f"{line.over:,} vectors"
    how = f"{line.method}, {line.technique}"
    return line.board, f"{line.model} {line.precision}", how, line.conditions, over


def _joined(parts: Iterable[str]) -> str:
    return " · ".join(part for part in parts if part)


def _trace(metric: str, line: Line, gaps: list[dict[str, Any]], colour: int, variant: int) -> dict[str, Any]:
    points = sorted([*line.points, *gaps], key=lambda point: point["session"])
    symbol = _SYMBOLS[variant % len(_SYMBOLS)]
    return {
        "type": "scatter",
        "x": [point["run"] for point in points],
        "y": [point["value"] for point in points],
        "mode": "lines+markers",
        "connectgaps": False,
        "line": {
            "shape": "hv" if line.method == "counted" else "linear",
            "width": 2,
            "color": COLOURS[colour % len(COLOURS)],
            "dash": _DASHES[variant % len(_DASHES)],
        },
        "marker": {
            "size": 8,
            "symbol": [symbol + ("-open" if point["dirty"] else "") for point in points],
            "line": {"width": [2 if point["dirty"] else 0 for point in points]},
        },
        "hovertext": [None if point["value"] is None else _hover(metric, point) for point in points],
        "hoverinfo": "text",
        **_bars(points, COLOURS[colour % len(COLOURS)]),
    }


def _bars(points: list[dict[str, Any]], colour: str) -> dict[str, Any]:
    """Error bars from the points' bands; nothing when no point has one."""
    if all(point["low"] is None for point in points):
        return {}

    def reach(point: dict[str, Any], end: str) -> float | None:
        return None if point[end] is None else abs(point[end] - point["value"])

    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return {
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [reach(point, "high") for point in points],
            "arrayminus": [reach(point, "low") for point in points],
            "color": f"rgba({red},{green},{blue},0.6)",
            "thickness": 1.5,
            "width": 4 if len(points) <= _CAPS_MOST else 0,
        }
    }


def _crosses(lost: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Marks at the foot of the plot, not points: they have no value."""
    by_run: dict[int, list[str]] = {}
    for point in lost:
        by_run.setdefault(point["run"], []).append(_hover_lost(point))
    return [
        {
            "x": run,
            "y": 0,
            "yref": "paper",
            "yanchor": "bottom",
            "text": "<b>×</b>",
            "font": {"size": 18, "color": LOST_COLOUR},
            "showarrow": False,
            "hovertext": "<br><br>".join(told[:3]),
        }
        for run, told in by_run.items()
    ]


def _hover(metric: str, point: dict[str, Any]) -> str:
    amount = text.amount(metric, point["value"], point["unit"])
    if point["resolution"] is not None and not lookup(metric).share:
        amount += f" (steps of {text.plain(point['resolution'])})"
    told = [f"<b>{escape(amount)}</b> {escape(point['method'])}, {escape(point['technique'])}"]
    ends = frames.band(point)
    if ends is not None:
        told.append(f"expected {text.expected(metric, point['value'], ends)}")
    if point["conditions"]:
        told.append(escape(point["conditions"]))
    if point["status"] != "finished":
        told.append(escape(f"of a session that {point['status']}"))
    told += _origin(point)
    if point["over"] is not None:
        told.append(f"over {point['over']:,.0f} vectors")
    return "<br>".join(told)


def _hover_lost(point: dict[str, Any]) -> str:
    said = _cut(str(point["error"] or "no reason stored"))
    return "<br>".join([f"<b>{escape(point['status'])}</b> {escape(said)}", *_origin(point)])


def _cut(said: str) -> str:
    return said if len(said) <= _HOVER_MOST else said[: _HOVER_MOST - 1] + "…"


def _origin(point: dict[str, Any]) -> list[str]:
    told = (
        f"{point['model']} {point['precision']}",
        f"run {point['run']}, {text.moment(point['time'])}",
        _cut(text.of_commit(point["commit"], point["dirty"], point["note"])),
        f"board {point['board']} ({point['kind']})",
        f"image {text.image(point['image'])}",
    )
    return [escape(line) for line in told]


def _layout(metric: str, frame: pd.DataFrame, found: list[Line]) -> dict[str, Any]:
    units = sorted({text.unit(metric, line.unit) for line in found} - {""})
    name = lookup(metric).title
    return {
        "margin": {"l": 8, "r": 16, "t": 16, "b": 8},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "inherit", "size": 13},
        "hovermode": "closest",
        "hoverlabel": {
            "bgcolor": "#1d2733",
            "bordercolor": "#1d2733",
            "font": {"color": "#f3f6f9", "size": 13},
            "align": "left",
        },
        "showlegend": True,
        "legend": {
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "y": -0.18,
            "yanchor": "top",
            "font": {"size": 12},
            "maxheight": 0.7,
        },
        "xaxis": _run_axis(frame),
        "yaxis": {
            "title": {
                "text": escape(f"{name} ({', '.join(units)})" if units else name),
                "standoff": 12,
                "font": {"size": 13},
            },
            "automargin": True,
            "zeroline": False,
            "tickformat": ".4~%" if lookup(metric).share else ",~f",
            **_flat_range(metric, frame),
        },
    }


def _run_axis(frame: pd.DataFrame) -> dict[str, Any]:
    first: dict[int, datetime] = {}
    for run, time in zip(frame["run"].tolist(), frame["time"].tolist(), strict=True):
        first.setdefault(run, time)
    runs = sorted(first)
    if not runs:
        return {"visible": False}
    shown = every_so_many(runs, _TICKS_MOST)
    return {
        "range": [runs[0] - 0.5, runs[-1] + 0.5],
        "tickvals": shown,
        "ticktext": [f"run {run}<br>{first[run]:%d %b}" for run in shown],
        "tickangle": 0,
        "tickfont": {"size": 12},
        "automargin": True,
        "zeroline": False,
        "showgrid": False,
        "ticks": "outside",
    }


def every_so_many(items: list[int], most: int) -> list[int]:
    """At most ``most`` of the items, evenly, the last among them."""
    step = max(1, -(-len(items) // most))
    return items[::-1][::step][::-1]


def _flat_range(metric: str, frame: pd.DataFrame) -> dict[str, Any]:
    """A range of its own for values that never change: Plotly would show one unit to either side."""
    low, high = frame["value"].min(), frame["value"].max()
    if low != high or frame["low"].notna().any():  # also when there is no value at all
        return {}
    if lookup(metric).share:
        return {"range": [low - 0.02, min(high + 0.02, 1.002)]}
    pad = abs(low) * 0.05 or 1.0
    return {"range": [low - pad, high + pad]}
