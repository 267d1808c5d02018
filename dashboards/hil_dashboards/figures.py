"""The plot of a series: lines of values that may be compared, and nothing joined that may not."""

from __future__ import annotations

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from hil_dashboards import frames, text

# Okabe and Ito's colours, told apart with any colour vision; readable on light and dark alike.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7F7F7F")
_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "x", "star")
_GRID = "rgba(128, 128, 128, 0.25)"
_INK = "#7a828c"


def series_figure(metric: str, frame: pd.DataFrame) -> go.Figure:
    """One trace per line of ``frames.lines``; counted values as steps, since they change only by a change."""
    figure = go.Figure()
    lines = frames.lines(frame)
    for number, (key, part) in enumerate(lines):
        figure.add_trace(_trace(metric, number, key, part, many=_differ(lines)))
    shares = text.is_share(metric)
    unit = str(frame["unit"].dropna().iloc[0]) if frame["unit"].notna().any() else ""
    shown = text.unit(metric, unit)
    figure.update_layout(
        template="none",
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": _INK, "size": 13, "family": "system-ui, sans-serif"},
        margin={"l": 80, "r": 20, "t": 16, "b": 48},
        hovermode="closest",
        hoverlabel={"align": "left"},
        showlegend=True,
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0},
    )
    axis = {"gridcolor": _GRID, "zeroline": False, "linecolor": _GRID, "automargin": True}
    figure.update_xaxes(title_text="run", tickformat="d", **_ticks(frame), **axis)
    figure.update_yaxes(
        title_text=f"{text.title(metric)}{f', {shown}' if shown and not shares else ''}",
        tickformat=".1%" if shares else ",",
        **axis,
    )
    return figure


def _differ(lines: list[tuple[dict[str, str], pd.DataFrame]]) -> set[str]:
    """The parts of a line's name that tell at least two lines apart, and the model in any case."""
    return {"model"} | {part for part in frames.LINE if len({key[part] for key, _ in lines}) > 1}


def _ticks(frame: pd.DataFrame) -> dict[str, Any]:
    runs = sorted({int(run) for run in frame["run"]})
    return {"tickmode": "array", "tickvals": runs} if len(runs) <= 12 else {}


def _trace(metric: str, number: int, key: dict[str, str], part: pd.DataFrame, many: set[str]) -> go.Scatter:
    colour = _COLOURS[number % len(_COLOURS)]
    return go.Scatter(
        x=[int(run) for run in part["run"]],
        y=[float(value) for value in part["value"]],
        name=" · ".join(key[name] for name in frames.LINE if name in many and name != "unit"),
        mode="lines+markers",
        line={"color": colour, "width": 2, "shape": "hv" if key["method"] == "counted" else "linear"},
        marker={"color": colour, "size": 8, "symbol": _SYMBOLS[number // len(_COLOURS) % len(_SYMBOLS)]},
        text=[_hover(metric, record) for record in frames.records(part)],
        hovertemplate="%{text}<extra></extra>",
    )


def _hover(metric: str, record: dict[str, Any]) -> str:
    amount = f"{text.value(metric, record['value'])} {text.unit(metric, record['unit'])}".strip()
    return "<br>".join(
        (
            f"<b>{amount}</b> ({record['method']}, {record['technique']})",
            f"{record['board']} · {record['model']}/{record['precision']}",
            f"run {record['run']:.0f} · {text.moment(record['time'])}",
            f"commit {text.commit(record['commit'], record['dirty'])}",
            f"image {text.image(record['image'])}",
        )
    )
