"""What a plot's marks stand for, below it: Plotly measures its own legend text by text before it draws."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from html import unescape
from typing import Any
from urllib.parse import quote

from dash import html
from dash.development.base_component import Component

from hil_dashboards.pages.parts import Child

_WIDE, _HIGH = 32, 16  # pixels of a sign
_QUIET = "#7d8896"
_DASHES = {
    "dot": "2 3",
    "dash": "6 4",
    "longdash": "9 4",
    "dashdot": "6 3 2 3",
    "longdashdot": "9 3 2 3",
}
# Outlines within 10 by 10 about the middle.
_OUTLINES = {
    "diamond": "M0-5 5 0 0 5-5 0Z",
    "square": "M-4-4H4V4H-4Z",
    "triangle-up": "M0-5 5 4H-5Z",
    "triangle-down": "M0 5 5-4H-5Z",
    "star": "M0-5 1.4-1.6 5-1.5 2.2.7 3.1 4.2 0 2.2-3.1 4.2-2.2.7-5-1.5-1.4-1.6Z",
    "hexagon": "M0-5 4.3-2.5V2.5L0 5-4.3 2.5V-2.5Z",
    "cross": "M-1.6-5H1.6V-1.6H5V1.6H1.6V5H-1.6V1.6H-5V-1.6H-1.6Z",
    "arrow": "M0-5 3.5 4H-3.5Z",
    "x-thin": "M-4-4 4 4M4-4-4 4",
}
_CIRCLE = "M-4.5 0A4.5 4.5 0 1 1 4.5 0A4.5 4.5 0 1 1-4.5 0Z"
_CROSSED = "M-3.2-3.2 3.2 3.2M3.2-3.2-3.2 3.2"


def plot_key(figure: Mapping[str, Any], *, toggles: bool = False) -> Component:
    """The sign and the name of each trace of a figure, Plotly's JSON, that has a name.

    Each that ``toggles`` is a button that hides what it names, with all of its legend group, in the plot of
    the same card, and shows it again.
    """
    traces = figure["data"]
    entries = []
    for trace in traces:
        if trace.get("name"):
            picture = html.Img(src=sign(trace), alt="", width=_WIDE, height=_HIGH)
            said: list[Child] = [picture, unescape(trace["name"])]
            entries.append(html.Li([_toggle(said, _places(traces, trace))] if toggles else said))
    return html.Ul(entries, className="plot-key")


def _toggle(said: list[Child], places: Sequence[int]) -> Component:
    held: Any = {"data-traces": json.dumps(places), "aria-pressed": "true"}
    return html.Button(said, type="button", title="Hide, or show again", **held)


def _places(traces: Sequence[Mapping[str, Any]], trace: Mapping[str, Any]) -> list[int]:
    group = trace.get("legendgroup")
    return [
        place
        for place, one in enumerate(traces)
        if one is trace or (group is not None and one.get("legendgroup") == group)
    ]


def sign(trace: Mapping[str, Any]) -> str:
    """The line and the mark of a trace as the address of a picture.

    Its ``meta`` is a symbol that says more than the one of most of its marks.
    """
    line, marker = trace.get("line", {}), trace.get("marker", {})
    colour = line.get("color") or _QUIET
    parts = []
    if "lines" in trace["mode"]:
        dash = line.get("dash", "solid")
        pattern = _DASHES.get(dash) or ("" if dash == "solid" else dash.replace("px", "").replace(",", " "))
        parts.append(
            f'<path d="M1 8H31" stroke="{colour}" stroke-width="{line.get("width", 2)}" '
            f'stroke-dasharray="{pattern}"/>'
        )
    if "markers" in trace["mode"]:
        own = marker.get("color", colour)
        parts.append(
            _mark(
                _usual(trace.get("meta") or marker.get("symbol", "circle")),
                own if isinstance(own, str) else _QUIET,
            )
        )
    size = f'width="{_WIDE}" height="{_HIGH}" viewBox="0 0 {_WIDE} {_HIGH}"'
    picture = f'<svg xmlns="http://www.w3.org/2000/svg" {size} fill="none">{"".join(parts)}</svg>'
    return f"data:image/svg+xml,{quote(picture)}"


def _usual(symbol: str | Sequence[str]) -> str:
    """The one that most of a trace's marks have."""
    return symbol if isinstance(symbol, str) else Counter(symbol).most_common(1)[0][0]


def _mark(symbol: str, colour: str) -> str:
    shape = symbol.removesuffix("-open")
    hollow = symbol.endswith("-open") or shape == "x-thin"
    crossed = shape.endswith("-x")
    outline = _OUTLINES.get(shape.removesuffix("-x"), _CIRCLE) + (_CROSSED if crossed else "")
    fill, width = ("none", 2) if hollow else (colour, 0)
    return (
        f'<path transform="translate({_WIDE // 2} {_HIGH // 2})" d="{outline}" fill="{fill}" '
        f'stroke="{colour}" stroke-width="{width}"/>'
    )
