"""The page of one run: what it is, what changed in it, its sessions, and what befell the bench."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from hil.gate.wording import not_compared, summary, unlike_labs
from hil.metrics import lookup
from hil_dashboards import text
from hil_dashboards.choices.places import HOW_TO_READ, LIVE, RUNS, compare_place, run_place, session_place
from hil_dashboards.choices.run import RunChoice, RunsChoice, Sort
from hil_dashboards.pages.boards import incidents_card
from hil_dashboards.pages.grid import amount, column, grid, table
from hil_dashboards.pages.parts import Child, comparing, heading, pill, pills
from hil_dashboards.pages.runs import SORTS, ignored
from hil_dashboards.pages.verdicts import MOST, changes_table, moved
from hil_dashboards.reading.run import Figure, RunData, SessionRow, Way, ways
from hil_dashboards.reading.runs import RunFacts
from hil_db.comparing import Comparison
from hil_db.records import Status
from hil_db.references import StoredRun, shown_uuid

_HEAD_HEIGHT = 88  # pixels: title, method and technique
_NOTES_MOST = 12  # of what could not be compared


def run_page(data: RunData) -> list[Child]:
    """The head, what changed, the sessions, incidents, and what else than images was another."""
    run = data.run
    assert run is not None, "a page shows a run"
    return [
        html.Div(
            [
                _title(run),
                html.P(_told(run), className="muted"),
                html.P(_begun(run), className="muted begun"),
                *ignored(data.ignored, "there is no such"),
                _ways(data, run),
            ],
            className="page-head",
        ),
        _changes(data, run),
        _sessions(data.sessions),
        *(
            [incidents_card("Incidents of the bench itself", data.incidents, run=False)]
            if data.incidents
            else []
        ),
        *([_others(data)] if data.before is not None else []),
        html.Section([html.H2("Where it comes from"), _facts(run)], className="card"),
    ]


def _title(run: RunFacts) -> Component:
    sort = [] if run.sort is Sort.BENCH else [html.Span(SORTS[run.sort], className=f"of-sort {run.sort}")]
    return heading(
        [f"Run {run.id} ", html.Span(str(run.status), className=f"status {run.status}"), *sort],
        f"Run {run.id}",
        run.branch or "",
    )


def _told(run: RunFacts) -> str:
    count = run.sessions
    told = f"{count:,} session{'' if count == 1 else 's'} on {_counted(len(run.boards), 'board')}"
    wrong = [f"{run.failed:,} failed"] if run.failed else []
    wrong += [f"{run.not_fit:,} larger than the board"] if run.not_fit else []
    told += f": {', '.join(wrong)}" if wrong else ", all of which finished" if count else ""
    took = "" if run.seconds is None else f", took {text.duration(run.seconds)}"
    return f"{told}. Began {text.moment(run.started)}{took}."


def _begun(run: RunFacts) -> list[Child]:
    """How it was begun, from what, in a line: all else of that stands further below."""
    of_branch = f" of {run.branch}" if run.branch is not None else ""
    command = " ".join(run.command.split())
    return [
        html.Code(command, title=command),
        f" on {run.host}, ",
        html.Span(text.of_commit(run.commit, run.dirty, None), className="nowrap"),
        of_branch,
        *([f", {', '.join(run.names)}"] if run.names else []),
        ".",
    ]


def _counted(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def _ways(data: RunData, run: RunFacts) -> Component:
    """To the runs beside it, and to what it is compared with."""
    ways: list[Child] = []
    if data.previous is not None:
        ways.append(html.A(f"← run {data.previous}", href=run_place(data.previous), className="pill"))
    if data.next is not None:
        ways.append(html.A(f"run {data.next} →", href=run_place(data.next), className="pill"))
    ways.append(html.A("all runs", href=RUNS, className="pill"))
    if run.status is Status.RUNNING:
        ways.append(html.A("how far it is", href=LIVE, className="pill"))
    if data.before is not None:
        ways.append(_compared(data.before, run))
    if run.before is not None and (data.before is None or data.before.id != run.before):
        told = f"compare with the run before, {run.before}"
        ways.append(html.A(told, href=compare_place(run.before, run.id), className="pill"))
    named: Any = {"aria-label": "Other runs"}
    return html.Nav(ways, className="turn run-ways", **named)


def _compared(before: StoredRun, run: RunFacts) -> Component:
    named = "the run before" if before.id == run.before else before.name
    told = f"compare with {named}" + ("" if named == str(before.id) else f", {before.id}")
    return html.A(told, href=compare_place(before.id, run.id), className="pill")


def _facts(run: RunFacts) -> Component:
    """What is known of where a run comes from."""
    versions = ", ".join(f"{name} {version}" for name, version in run.versions.items())
    lab: list[Child] = [html.Span(run.lab_path or "the built-in lab", className="mono")]
    if run.lab_sha256 is not None:
        lab.append(html.Span(f" SHA-256 {run.lab_sha256[:12]}…", title=run.lab_sha256, className="muted"))
    pairs: list[tuple[str, list[Child] | str | None]] = [
        ("Command", [html.Code(run.command)]),
        ("Host", [html.A(run.host, href=RunsChoice(host=run.host).href(), className="more")]),
        ("Commit", _commit(run)),
        ("Branch", _branch(run)),
        ("Tags", ", ".join(run.tags) or None),
        ("Baselines", ", ".join(run.names) or None),
        ("Lab", lab),
        ("Versions", versions or None),
        ("Began", text.moment(run.started)),
        ("Ended", _ended(run)),
        ("Imported from", run.origin),
        ("UUID", None if run.uid is None else [html.Span(shown_uuid(run.uid), className="mono")]),
    ]
    shown: list[Component] = []
    for name, value in pairs:
        if value is not None:
            shown += [html.Dt(name), html.Dd(value)]
    return html.Dl(shown, className="values-list facts")


def _commit(run: RunFacts) -> list[Child]:
    told: list[Child] = [
        html.Span(text.commit(run.commit, run.dirty), className="mono", title=run.commit or "")
    ]
    return [*told, html.Span(f" {run.note}", className="warning")] if run.note else told


def _branch(run: RunFacts) -> list[Child] | None:
    if run.branch is None:
        return None
    return [html.A(run.branch, href=RunsChoice(branch=run.branch).href(), className="more")]


def _ended(run: RunFacts) -> str:
    if run.finished is not None:
        took = f" after {text.duration(run.seconds)}" if run.seconds is not None else ""
        return text.moment(run.finished) + took
    return "not yet" if run.status is Status.RUNNING else "when is not known"


def _changes(data: RunData, run: RunFacts) -> Component:
    """What got worse and better, or why nobody can say."""
    if data.before is None:
        why = data.alone or "there is one run alone"
        return html.Section(
            [html.H2("Compared with nothing"), *_against(data), html.P(f"{text.capital(why)}.")],
            className="card",
        )
    head = html.H2(["What changed ", html.Span(f"against {data.before.told}", className="kind")])
    if data.comparison is None:
        return html.Section([head, *_against(data), comparing(run.id, data.before.id)], className="card")
    found = moved(data.comparison)
    more = len(found) - MOST
    told: list[Child] = [f"{summary(data.comparison)}. "]
    if run.status is Status.RUNNING:
        told.append("It goes on: of what it has not measured yet there is no data. ")
    told.append(html.A("How verdicts are found", href=f"{HOW_TO_READ}#verdicts", className="more"))
    told.append(".")
    if more > 0:
        told += [f" {more:,} more changes are on the page that ", _compared(data.before, run), "."]
    return html.Section(
        [
            head,
            *_against(data),
            html.P(told, className="beside"),
            *(changes_table(data.comparison) if found else []),
            *_notes(data.comparison),
        ],
        className="card grid-card changes",
    )


def _against(data: RunData) -> list[Component]:
    """Runs to compare with, as links."""
    run, choice = data.run, data.choice
    if run is None or not data.baselines:
        return []
    taken = data.before.name if data.before is not None and data.before.id != run.before else ""
    offered = [pill("the run before", RunChoice(run.id).href(), not taken)]
    names = dict.fromkeys([*data.baselines, *([choice.baseline] if taken == choice.baseline else [])])
    offered += [pill(name, RunChoice(run.id, name).href(), name == taken) for name in names if name]
    return [html.Div(pills("Against", offered), className="against")]


def _notes(comparison: Comparison) -> list[Component]:
    """What is new, missing, or could not be compared, in lines."""
    unlike = unlike_labs(comparison)
    lines = [*([unlike] if unlike is not None else []), *not_compared(comparison)]
    shown = [html.Li(line) for line in lines[:_NOTES_MOST]]
    if len(lines) > _NOTES_MOST:
        shown.append(html.Li(f"and {len(lines) - _NOTES_MOST} more of the kind"))
    return [html.Ul(shown, className="notes muted")] if shown else []


def _sessions(sessions: Sequence[SessionRow]) -> Component:
    """A row for each, with its main figures: a column holds values of one way alone."""
    fields = {way: f"value{place}" for place, way in enumerate(ways(sessions))}
    rows = [_row(one, fields) for one in sessions]
    columns = [
        column("Model", "name", rows, "Link", pinned="left", flex=0),
        column("Board", "board", rows),
        column("Status", "status", rows, "Status", more=22),
        *(_figures(way, name, rows) for way, name in fields.items()),
        column("Vectors", "vectors", rows, "Amount"),
        column("Took", "took", rows, "Amount"),
        column("Image", "image", rows, cellClass="mono"),
        *([column("Why", "error", rows)] if any(one.error for one in sessions) else []),
    ]
    rows = [{**row, "height": 34} for row in rows]
    head = html.H2(
        ["Sessions", html.Span(f"{len(rows):,}: a model's name leads to its session", className="kind")]
    )
    return html.Section(
        [head, grid(columns, rows, head=_HEAD_HEIGHT, style="grid values sessions")],
        className="card grid-card",
    )


def _row(one: SessionRow, fields: dict[Way, str]) -> dict[str, Any]:
    status = one.status if one.fits else "does not fit"
    took = (one.finished - one.started).total_seconds()
    return {
        "name": f"{one.model} {one.precision}",
        "href": session_place(one.id),
        "board": one.board,
        "kind": one.kind,
        "status": status,
        "error": " ".join(one.error.split()) if one.error else None,
        "vectors": None if one.vectors is None else amount(one.vectors, f"{one.vectors:,}"),
        "took": amount(took, text.duration(took)),
        "image": text.image(one.image),
        **{fields[way]: _amount(way, held) for way, held in one.figures.items() if way in fields},
    }


def _amount(way: Way, held: Figure) -> dict[str, Any]:
    told = amount(held.value, text.value(way.metric, held.value))
    if held.band is not None:
        ends = text.expected(way.metric, held.value, held.band)
        told["told"] = f"{text.amount(way.metric, held.value, way.unit)}, expected {ends}"
    return told


def _figures(way: Way, field: str, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """A column of values, whose head tells how they were obtained."""
    title, unit = lookup(way.metric).title, text.unit(way.metric, way.unit)
    told = " ".join(filter(None, (title, unit, way.method, way.technique)))
    words = max((title, way.method, way.technique, *title.split()), key=len)
    made = column(words, field, rows, "Amount")
    meaning = text.METHODS.get(way.method)
    params = {
        "title": title,
        "unit": unit,
        "method": way.method,
        "known": bool(meaning),
        "technique": way.technique,
    }
    return made | {
        "headerName": told,
        "headerTooltip": f"{way.method}: {meaning}" if meaning else way.method,
        "headerComponentParams": {"innerHeaderComponent": "Head", "innerHeaderComponentParams": params},
        "type": "rightAligned",
        "comparator": {"function": "byNumber"},
    }


def _others(data: RunData) -> Component:
    """What else than images was another in the run that it is compared with."""
    assert data.before is not None
    head = html.H2(["Environment ", html.Span(f"against run {data.before.id}", className="kind")])
    if not data.others:
        return html.Section(
            [head, html.P("The same host, lab file, boards and versions.", className="muted")],
            className="card",
        )
    rows = [{"what": one.what, "before": one.before or "–", "now": one.now or "–"} for one in data.others]
    columns = [
        column("What", "what", rows, more=12),
        column("Before", "before", rows),
        column("Now", "now", rows, cellClass="strong"),
    ]
    return html.Section([head, table(columns, rows)], className="card grid-card")
