"""Tables that stay fast with any number of rows: a grid draws only those in view."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import dash_ag_grid as dag
from dash.development.base_component import Component

# The style sheet's colours, which follow the theme of the system.
_THEME = """themeQuartz.withParams({
    accentColor: 'var(--accent)', backgroundColor: 'var(--card)', foregroundColor: 'var(--ink)',
    borderColor: 'var(--line)', headerBackgroundColor: 'var(--card)', headerTextColor: 'var(--muted)',
    rowHoverColor: 'var(--hover)', fontFamily: 'inherit', fontSize: 14, headerFontSize: 11.5,
    headerFontWeight: 400, cellHorizontalPadding: 7, headerColumnResizeHandleColor: 'transparent',
    wrapperBorder: false, wrapperBorderRadius: 0
})"""

HEAD_HEIGHT, ROW_HEIGHT, FAILURE_HEIGHT, SCROLLBAR = 40, 34, 66, 16  # pixels
PADDING = 15
_LETTER, _SPARE, _WIDEST = 8, 6, 420  # letters of a wide font


def width(words: Iterable[str], letter: float) -> int:
    """Pixels of a column in which each of the words fits, with letters of so many."""
    return PADDING + round(letter * max(map(len, words), default=0))


def column(
    head: str, field: str, rows: Sequence[dict[str, Any]], renderer: str = "Name", more: int = 0, **other: Any
) -> dict[str, Any]:
    """A column that shows a field of each row: a text, or an ``amount``, which sorts by its number.

    ``more`` pixels for what ``renderer`` adds; ``other`` are options of AG Grid's columns.
    """
    held = [row[field] for row in rows if row.get(field) is not None]
    numbers = any(isinstance(one, dict) for one in held)
    texts = [one["text"] if isinstance(one, dict) else str(one) for one in held]
    needed = min(width([head, *texts], _LETTER) + _SPARE + more, _WIDEST)
    made = {"headerName": head, "field": field, "cellRenderer": renderer, "flex": needed}
    made["minWidth"] = other.get("width", needed)
    if numbers:
        made |= {"type": "rightAligned", "comparator": {"function": "byNumber"}}
    return made | other


def least(column: dict[str, Any], pixels: int) -> dict[str, Any]:
    """The same column, which may be as narrow as that: what is cut off is told where one points at it."""
    return column | {"minWidth": min(column["minWidth"], pixels)}


def amount(number: float, text: str) -> dict[str, Any]:
    """A number with how it is written."""
    return {"number": number, "text": text}


def table(
    columns: Sequence[dict[str, Any]], rows: Sequence[dict[str, Any]], most: int | None = None
) -> Component:
    """A grid of rows of one line each, at most so many pixels high."""
    rows = [{**row, "height": ROW_HEIGHT} for row in rows]
    return grid(columns, rows, head=HEAD_HEIGHT, style="grid values", most=most)


def grid(
    columns: Sequence[dict[str, Any]],
    rows: Sequence[dict[str, Any]],
    *,
    head: int,
    style: str = "grid",
    most: int | None = None,
    name: str | None = None,
) -> Component:
    """A grid of rows, at most as high as the window, or ``most``.

    The ``head``, each row's ``height`` and ``most`` are in pixels.

    Columns are AG Grid's; their cells' renderers and comparators are in assets/grid.js. A row with a
    ``failure`` (what, why and what was kept) spans all columns. A grid with a ``name`` is told to scripts,
    and its order to the address.
    """
    height = head + SCROLLBAR + sum(FAILURE_HEIGHT if "failure" in row else row["height"] for row in rows)
    most_high = height if most is None else min(height, most)
    made: Component = dag.AgGrid(
        columnDefs=list(columns),
        rowData=list(rows),
        defaultColDef={
            "headerComponentParams": {"innerHeaderComponent": "Head"},
            "wrapHeaderText": True,
            "autoHeaderHeight": True,
            "suppressHeaderMenuButton": True,
            "suppressMovable": True,
            "suppressKeyboardEvent": {"function": "follow(params)"},
            "suppressHeaderKeyboardEvent": {"function": "leave(params)"},
            "cellDataType": False,
        },
        dashGridOptions={
            "theme": {"function": _THEME},
            "getRowHeight": {"function": "rowHeight(params)"},
            "isFullWidthRow": {"function": "params.rowNode.data.failure"},
            "fullWidthCellRenderer": "Failure",
            "embedFullWidthRows": False,
            "ensureDomOrder": True,
            "rowBuffer": 3,
        },
        className=style,
        **({} if name is None else {"id": name, "eventListeners": {"sortChanged": ["sorted(params)"]}}),
        style={"height": f"min({most_high}px, calc(100vh - 110px))", "--rows": f"{most_high}px"},
    )
    return made
