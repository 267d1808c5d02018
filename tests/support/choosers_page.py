"""Serves the dashboard with pages of choosers and of a table beside its own: ``choosers_page.py URL``."""

from __future__ import annotations

import sys
from typing import Any, cast

from dash import html

from hil_dashboards import views
from hil_dashboards.choices.fields import fields_of, first
from hil_dashboards.pages.choosers import choose_many, choose_one, choosers
from hil_dashboards.pages.grid import column, table
from hil_dashboards.serve import serve

MODELS = [f"model_{place:02}" for place in range(24)]
ROWS = [("1", "one row"), ("2", "two rows")]
PLACE, TABLE = "/choosers", "/table"


def show(asked: views.Asked) -> views.Shown:
    fields = fields_of(asked.search)
    rows, models = first(fields, "rows"), fields.get("model", [])
    kept = "".join(f"&model={one}" for one in models)
    held = choosers(
        choose_one("Rows", "rows", ROWS, rows or None, f"{PLACE}?a=b%26c{kept}", none="any"),
        choose_many("Models", "model", MODELS, models, f"{PLACE}?rows={rows}"),
    )
    return None, [
        html.H1("Chosen"),
        html.P(f"{rows or 'any'} of {' '.join(models) or 'all'}", id="told"),
        held,
    ]


def show_table(_: views.Asked) -> views.Shown:
    rows = [{f"field{place}": "a text of some letters" for place in range(5)}]
    columns = [column(f"Column {place}", f"field{place}", rows) for place in range(5)]
    return None, [html.H1("Table"), html.Section(table(columns, rows), className="card grid-card")]


if __name__ == "__main__":
    pages = cast("dict[str, Any]", views.PAGES)
    pages |= {PLACE: views.Page("Choosers", show, False), TABLE: views.Page("Table", show_table, False)}
    serve(sys.argv[1], port=0)
