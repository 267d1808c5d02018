"""The triage page: what got worse, the worst first, and what people decided of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dash import html
from dash.development.base_component import Component

from hil.metrics import lookup
from hil.values import Measure
from hil_dashboards import text
from hil_dashboards.choices.places import HOW_TO_READ, compare_place, image_place, run_place
from hil_dashboards.choices.series import Choice
from hil_dashboards.pages.grid import amount, column, table
from hil_dashboards.pages.parts import Child, comparing, heading, pill, pills, sentence
from hil_dashboards.reading.regressions import Regression, TriageData
from hil_dashboards.serving.access import Person
from hil_db.triage import Decided, Decision

_DECIDED = {
    Decision.ACKNOWLEDGED: "acknowledged",
    Decision.IGNORED: "ignored",
    Decision.FIXED: "fixed",
    Decision.REOPENED: "opened again",
}
_UNKNOWN = 1e9  # a share that is not known stands before all others


def triage_page(data: TriageData, person: Person | None) -> list[Child]:
    """Choices as links, the regressions, the decisions."""
    shown = [one for one in data.found if one.standing.open or data.choice.every]
    against = [f"against {data.choice.baseline}"] if data.choice.baseline else []
    return [
        html.Div(
            [
                heading("Regressions" if data.choice.every else "Open regressions", "Triage", *against),
                html.P([*_told(data), *_all(data), *_may(person)], className="muted"),
                *_ignored(data),
            ],
            className="page-head",
        ),
        html.Section(_choices(data), className="choices card"),
        _found(data, shown, person) if shown else _nothing(data),
        *([_history(data.decisions)] if data.decisions else []),
    ]


def _told(data: TriageData) -> list[Child]:
    if data.now is None or data.before is None:
        return []
    now = html.A(text.capital(data.now.told), href=run_place(data.now.id), className="more")
    before = html.A(data.before.told, href=run_place(data.before.id), className="more")
    if data.waits:
        return [now, " against ", before, "."]
    count = sum(one.standing.open for one in data.found)
    others = len(data.found) - count
    told = f": {count:,} open" + (f", {others:,} decided on" if others else "") + "."
    return [now, " against ", before, told]


def _all(data: TriageData) -> list[Child]:
    """The way to all verdicts of the two runs."""
    if data.now is None or data.before is None:
        return []
    return [
        " ",
        html.A("All verdicts", href=compare_place(data.before.id, data.now.id), className="more"),
        ".",
    ]


def _ignored(data: TriageData) -> list[Component]:
    if data.ignored is None:
        return []
    named = html.Code(text.short(data.ignored))
    return [html.P(["Ignored, as no run is called so: ", named, "."], className="ignored")]


def _may(person: Person | None) -> list[Child]:
    """Who may decide, where one may not."""
    if person is not None and person.triages:
        return []
    return [" ", html.A("Who decides", href=f"{HOW_TO_READ}#triage", className="more"), "."]


def _choices(data: TriageData) -> list[Component]:
    choice = data.choice
    taken = data.before.name if data.before is not None else None
    offered = [pill(name, replace(choice, baseline=name).href(), name == taken) for name in data.names]
    every = [
        pill("open", replace(choice, every=False).href(), not choice.every),
        pill("all", replace(choice, every=True).href(), choice.every),
    ]
    return [*([pills("Baseline", offered)] if offered else []), pills("Show", every)]


def _nothing(data: TriageData) -> Component:
    if data.waits and data.now is not None and data.before is not None:
        return html.Section(
            [html.H2("Not compared yet"), comparing(data.now.id, data.before.id)], className="notice card"
        )
    if data.before is None:
        told: list[Child] = [html.H2("Nothing to compare with yet")]
        why = text.capital(data.alone or "there is one run alone")
        told.append(html.P(f"{why}. The next run is compared with this one."))
    else:
        told = [html.H2("Nothing is open"), html.P("No metric is worse that nobody has decided on.")]
        hint = "`hil baseline set release --reason WHY` names a run that later ones are compared with."
        told.append(html.P(sentence(hint), className="muted"))
    return html.Section(told, className="notice card")


def _found(data: TriageData, shown: list[Regression], person: Person | None) -> Component:
    run = data.now.uid if data.now is not None else ""
    rows = [
        {**_row(place, one), **_compared(data, one), "run": run, "baseline": data.choice.baseline or ""}
        for place, one in enumerate(shown, 1)
    ]
    may = person is not None and person.triages
    columns = [
        column("#", "place", rows),
        column("Model", "name", rows, "Link"),
        column("Board", "board", rows),
        column("Metric", "title", rows),
        column("Before", "before", rows, "Amount"),
        column("Now", "now", rows, "Amount", cellClass=["ag-right-aligned-cell", "strong"]),
        column("Change", "change", rows, "Amount"),
        column("Image", "compare", rows, "Link", cellRendererParams={"to": "compared"}),
        column("Obtained", "obtained", rows, "Badge"),
        *([column("Decide", "decide", rows, "Decide", more=30, sortable=False)] if may else []),
        column("Stands", "standing", rows, "Standing", more=12),
        column("Why", "reason", rows),
    ]
    return html.Section([html.H2("The worst first"), table(columns, rows)], className="card grid-card")


def _row(place: int, one: Regression) -> dict[str, Any]:
    subject, verdict = one.subject, one.verdict
    alone = verdict.alone
    title = lookup(subject.metric).title + (f", vector {alone.vector}" if alone is not None else "")
    before, after = (
        (_value(verdict.before), _value(verdict.after)) if alone is None else (alone.before, alone.after)
    )
    measure = verdict.after
    assert measure is not None, "a regression has a value"
    return {
        "place": place,
        **subject._asdict(),
        "name": f"{subject.model} {subject.precision}",
        "href": Choice(subject.metric, (subject.model,), (subject.board,), (subject.precision,)).href(),
        "title": title,
        "before": _amount(measure, before),
        "now": _amount(measure, after),
        "change": _change(one, before, after),
        "obtained": f"{measure.method} {measure.technique}",
        "method": measure.method,
        "standing": one.standing.told,
        "open": one.standing.open,
        "reason": (one.decided.reason if one.decided is not None else None) or verdict.reason,
        "decide": "Decide",
    }


def _compared(data: TriageData, one: Regression) -> dict[str, Any]:
    """The way to its image in both runs."""
    assert data.now is not None, "what got worse was compared"
    assert data.before is not None, "what got worse was compared"
    subject = one.subject
    case = (subject.board, subject.kind, subject.model, subject.precision)
    return {"compare": "compare", "compared": image_place(data.before.id, data.now.id, *case)}


def _value(measure: Measure | None) -> float:
    assert measure is not None, "a regression has two values"
    return measure.value


def _amount(measure: Measure, number: float) -> dict[str, Any]:
    return amount(number, text.amount(measure.metric, number, measure.unit))


def _change(one: Regression, before: float, after: float) -> dict[str, Any]:
    return amount(min(one.share, _UNKNOWN), text.change(one.subject.metric, after, before))


def _history(decisions: list[Decided]) -> Component:
    rows = [
        {
            "time": text.moment(one.time).removesuffix(" UTC"),
            "who": one.author,
            "decision": _decided(one),
            "name": f"{one.subject.model} {one.subject.precision}",
            "href": Choice(
                one.subject.metric, (one.subject.model,), (one.subject.board,), (one.subject.precision,)
            ).href(),
            "board": one.subject.board,
            "metric": lookup(one.subject.metric).title,
            "reason": one.reason,
            "address": one.address,
        }
        for one in decisions
    ]
    columns = [
        column("Time, UTC", "time", rows),
        column("Who", "who", rows),
        column("Decision", "decision", rows),
        column("Model", "name", rows, "Link"),
        column("Board", "board", rows),
        column("Metric", "metric", rows),
        column("Reason", "reason", rows),
        column("From", "address", rows, cellClass="mono"),
    ]
    return html.Section(
        [html.H2("Decisions, newest first"), table(columns, rows)], className="card grid-card"
    )


def _decided(one: Decided) -> str:
    told = _DECIDED[one.decision]
    if one.until is not None:
        return f"{told} until {text.day(one.until)}"
    return f"{told} by {one.commit[:10]}" if one.commit is not None else told
