"""The compare page: two runs with all verdicts, or two images with what is behind each difference."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from hil_dashboards import text
from hil_dashboards.pages.compare_images import images_page
from hil_dashboards.pages.compare_runs import runs_page
from hil_dashboards.pages.parts import Child, heading
from hil_dashboards.reading.compare import ImagesData, Nothing, RunsData


def compare_page(data: RunsData | ImagesData | Nothing) -> list[Child]:
    """What is compared with what, choices, and what came of it."""
    if isinstance(data, ImagesData):
        return images_page(data)
    return runs_page(data) if isinstance(data, RunsData) else _nothing(data)


def _nothing(data: Nothing) -> list[Child]:
    why = text.capital(data.why)
    other: list[Component] = [
        html.P(html.A("Compare runs", href=data.choice.whole().href(), className="more"))
    ]
    return [
        html.Div([heading("Compare", "Compare")], className="page-head"),
        html.Section([html.H2("Nothing to compare"), html.P(f"{why}."), *other], className="notice card"),
    ]
