"""The boards page: how each board fares, and what befell the bench itself."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from hil.measure.changes import LEAST_HISTORY
from hil.metrics import REFERENCE_S
from hil_dashboards import text
from hil_dashboards.choices.places import run_place
from hil_dashboards.choices.series import Choice
from hil_dashboards.pages.grid import amount, column, least, table
from hil_dashboards.pages.parts import Child, heading, sentence
from hil_dashboards.reading.boards import RUNS, BoardRow, BoardsData, IncidentRow, Pace

# Pixels of a pace's line, and the least that the reason of a state has.
_LINE, _WHY = 110, 190


def boards_page(data: BoardsData, with_lab: bool) -> list[Child]:
    """A row for each board, then the incidents."""
    told = f"What they did last; incidents, and the pace of their host, of the newest {RUNS} runs."
    hint = " With `hil dashboard --lab=lab.toml` also who is in quarantine or never ran."
    return [
        html.Div(
            [
                heading("Boards", "Boards"),
                html.P([told, *([] if with_lab else sentence(hint))], className="muted"),
            ],
            className="page-head",
        ),
        _boards(data.boards),
        incidents_card("Incidents, newest first", data.incidents) if data.incidents else _none(),
    ]


def _boards(boards: list[BoardRow]) -> Component:
    rows = [_row(one) for one in boards]
    paces = [one.pace for one in boards if one.pace is not None]
    ways = " or ".join(dict.fromkeys(f"{pace.method} by {pace.technique}" for pace in paces))
    took = f"what the reference workload took on each board's host: {ways}"
    # All but the kind stands in a window of 1,280 pixels, unless names are long.
    columns = [
        column("Board", "board", rows, "Link"),
        column("State", "state", rows, "State", more=16),
        least(column("Why", "why", rows), _WHY),
        column("Pace", "line", rows, "Line", width=_LINE + 16, flex=0, sortable=False, headerTooltip=took),
        column("Over runs", "pace", rows),
        column("Reference", "now", rows, "Amount", headerTooltip=took),
        column("Incidents", "incidents", rows, "Amount"),
        column("Run", "run", rows, "Link", cellRendererParams={"to": "run_href"}),
        column("Time, UTC", "time", rows),
        column("Kind", "kind", rows, more=16),
    ]
    return html.Section([html.H2("How they fare"), table(columns, rows)], className="card grid-card")


def _row(one: BoardRow) -> dict[str, Any]:
    row = {
        "board": one.name,
        "href": Choice(REFERENCE_S.name, board=(one.name,)).href(),
        "kind": one.kind,
        "state": str(one.state),
        "mark": one.state.name.lower(),
        "why": one.why,
        "run": None if one.run is None else str(one.run),
        "run_href": None if one.run is None else run_place(one.run),
        "time": text.moment(one.time).removesuffix(" UTC") if one.time is not None else None,
        "incidents": amount(one.incidents, f"{one.incidents:,}"),
    }
    if one.pace is None:
        return {**row, "pace": "not measured"}
    last = one.pace.seconds[-1]
    told = text.amount(REFERENCE_S.name, last, REFERENCE_S.unit)
    return {**row, "now": amount(last, told), "line": list(one.pace.seconds), "pace": _pace(one.pace)}


def _pace(pace: Pace) -> str:
    found = pace.changes
    if found is None:
        return f"{len(pace.seconds)} of {LEAST_HISTORY} runs it takes"
    if not found:
        return f"steady over {len(pace.seconds)} runs"
    last = found[-1]
    return f"{(last.after / last.before - 1) * 100:+.1f} % since run {pace.runs[last.index]}".replace(
        "-", "−"
    )


def incidents_card(head: str, incidents: list[IncidentRow], run: bool = True) -> Component:
    """A grid of incidents; with the ``run`` of each where they are of several."""
    rows = [
        {
            "run": str(one.run),
            "href": run_place(one.run),
            "time": text.moment(one.time).removesuffix(" UTC"),
            "board": one.board,
            "kind": one.kind,
            "action": one.action,
            "seconds": None if one.seconds is None else amount(one.seconds, f"{text.plain(one.seconds)} s"),
            "evidence": one.evidence,
        }
        for one in incidents
    ]
    columns = [
        *([column("Run", "run", rows, "Link")] if run else []),
        column("Time, UTC", "time", rows),
        column("Board", "board", rows),
        column("What", "kind", rows),
        column("Done about it", "action", rows),
        column("Held up", "seconds", rows, "Amount"),
        column("Evidence", "evidence", rows),
    ]
    return html.Section([html.H2(head), table(columns, rows)], className="card grid-card")


def _none() -> Component:
    return html.Section(
        [html.H2("No incidents"), html.P("Nothing befell the bench itself.", className="muted")],
        className="card",
    )
