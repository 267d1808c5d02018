"""What the parts of a session's page have in common."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from hil_dashboards.pages.parts import Child, sentence


def card(title: str, note: str, body: Sequence[Child], *, grid: bool = False) -> Component:
    """A part under its title; with a ``grid`` in it, without space beside that."""
    head = html.H2([title, html.Span(note, className="kind")] if note else title)
    return html.Section([head, *body], className="card grid-card" if grid else "card")


def inset(*children: Child) -> Component:
    """What stands in a card beside a grid, in line with its title."""
    return html.Div(list(children), className="inset")


def missing(title: str, why: str) -> Component:
    """A part that is not there: one line."""
    return html.Section(
        html.P([html.Span(title, className="strong"), *sentence(why)], className="nothing-here"),
        className="card slim",
    )


def counted(number: int, thing: str, things: str | None = None) -> str:
    """``1 pass``, ``2 passes``."""
    return f"{number:,} {thing if number == 1 else things or f'{thing}s'}"


def drawn_chart(drawn: Mapping[str, Any], told: str, size: str = "") -> Component:
    """A plot that assets/charts.js draws, with a line that says what the pointer is at; ``size``: or small.

    ``told`` is what it shows, for who cannot see it.
    """
    held: Any = {"data-chart": json.dumps(drawn, separators=(",", ":")), "aria-label": told}
    readout: Any = {"aria-live": "polite"}
    return html.Div(
        [
            html.Div(className=f"chart {size}".strip(), role="img", **held),
            html.P("", className="readout", **readout),
        ]
    )


def facts(rows: Sequence[tuple[str, Child]]) -> Component:
    """Names and what they stand for, two beside each other where there is room."""
    return html.Dl(
        [part for name, told in rows for part in (html.Dt(name), html.Dd(told))], className="facts"
    )
