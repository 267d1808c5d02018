"""Plots and grids that are drawn as they come near the view; grids from the first key on, too."""

from __future__ import annotations

import json
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component
from plotly.utils import PlotlyJSONEncoder

_CONFIG: Any = {"displayModeBar": False, "responsive": True}


def deferred_plot(name: str, figure: dict[str, Any], told: str, height: int = 420) -> Component:
    """A place for a plot of so many pixels, of Plotly's JSON; it is drawn when it comes near the view.

    ``name`` is its id on the page; ``told`` is what it shows, for who cannot see it.
    """
    style = {"height": f"{height}px"}
    graph = dcc.Graph(figure=figure, config=_CONFIG, responsive=True, className="plot", style=style)
    spoken: Any = {"aria-label": told}
    wait = html.P("Drawn when it comes into view.", className="muted")
    return _place(name, "near", graph, [wait], style={"minHeight": f"{height}px"}, role="img", **spoken)


def deferred_grid(name: str, grid: Component) -> Component:
    """A place as high as a grid, which is drawn when it comes near the view, or at a first key.

    ``name`` is its id on the page.
    """
    return _place(name, "near key", grid, [], style=_style(grid))


def _style(grid: Component) -> dict[str, str]:
    style: dict[str, str] = grid.to_plotly_json()["props"]["style"]  # type: ignore[no-untyped-call]
    return style


def _place(name: str, when: str, later: Component, now: list[Component], **other: Any) -> Component:
    told = json.dumps(later, cls=PlotlyJSONEncoder, separators=(",", ":"))
    held: Any = {"data-deferred": told, "data-when": when}
    return html.Div(now, id=name, className="deferred", **held, **other)
