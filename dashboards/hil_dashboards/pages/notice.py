"""Pages for when there is nothing to show: no database, no run, a database that cannot be read."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from hil.errors import HilError
from hil_dashboards import text
from hil_dashboards.pages.parts import sentence


def no_results(place: str, *, made: bool) -> Component:
    """Says what to run; ``made`` tells whether the database exists (and is empty)."""
    why = f"{place} holds no session." if made else f"There is no database {place}."
    return html.Section(
        [
            html.H1("No results yet"),
            html.P([why, " Run the bench, then reload this page:"]),
            html.Pre(html.Code("pytest --board=all")),
            html.P(
                sentence(
                    "It flashes every board of the lab (an emulated one when there is no lab file), streams "
                    "the test vectors and stores what it measured. Results elsewhere? "
                    "`hil dashboard --db URL` shows them."
                ),
                className="muted",
            ),
        ],
        className="notice card",
    )


def unreadable(error: HilError) -> Component:
    """Says what is wrong with the database, the evidence and what to do."""
    told = [html.H1("The results cannot be read"), html.P(sentence(f"{text.capital(error.what)}."))]
    if error.evidence:
        told.append(html.Pre(html.Code(error.evidence)))
    if error.remedy:
        told.append(html.P(sentence(f"{text.capital(error.remedy)}, then reload this page.")))
    return html.Section(told, className="notice card")


def unknown_page(path: str) -> Component:
    """For an address that no page has."""
    return html.Section(
        [html.H1("No such page"), html.P(["There is nothing at ", html.Code(text.short(path)), "."])],
        className="notice card",
    )
