"""Tables that stay fast with any number of rows: a grid draws only those in view."""

from __future__ import annotations

from collections.abc import Sequence
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


def grid(columns: Sequence[dict[str, Any]], rows: Sequence[dict[str, Any]], *, height: int) -> Component:
    """A grid of rows, at most as high as the window; ``height`` is what all of its rows need, in pixels.

    Columns are AG Grid's; their cells' renderers and comparators are in assets/grid.js. A row with a
    ``failure`` spans all columns.
    """
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
            "cellDataType": False,
        },
        dashGridOptions={
            "theme": {"function": _THEME},
            "getRowHeight": {"function": "rowHeight(params)"},
            "isFullWidthRow": {"function": "params.rowNode.data.failure"},
            "fullWidthCellRenderer": "Failure",
            "embedFullWidthRows": False,
            "enableCellTextSelection": True,
            "ensureDomOrder": True,
        },
        className="grid",
        style={"height": f"min({height}px, calc(100vh - 110px))"},
    )
    return made
