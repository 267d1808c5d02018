"""The page of one session: all that is stored of it, and how each figure was obtained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from hil.logbook import LogLine
from hil.metrics import ENERGY, LINK_DAMAGED, LINK_LOST, LINK_WIRE_BYTES, Metric, lookup
from hil.techniques import technique_of
from hil_dashboards import frames, text
from hil_dashboards.choices.places import HOW_TO_READ, RUNS, pair_place, run_place
from hil_dashboards.choices.profile import ProfileChoice
from hil_dashboards.choices.session import SessionChoice
from hil_dashboards.choices.trace import TraceChoice
from hil_dashboards.pages.grid import amount, column, table
from hil_dashboards.pages.parts import Child, badge, heading, pill, sentence
from hil_dashboards.pages.session_image import flame_card, memory_card, power_card
from hil_dashboards.pages.session_parts import card, counted, facts, inset, missing
from hil_dashboards.pages.session_values import (
    confusion_card,
    measures_card,
    phases_card,
    samples_card,
)
from hil_dashboards.reading.session import SessionData, SessionHead
from hil_db.records import Incident

_SHORT = 12  # letters of a hash
_LINK = {
    LINK_LOST.name: "frames lost",
    LINK_DAMAGED.name: "damaged stretches",
    LINK_WIRE_BYTES.name: "on the wire",
}


def session_page(data: SessionData, choice: SessionChoice) -> list[Child]:
    """From what it is of to its log; a part that is not there is a line."""
    head = data.head
    if head is None:
        return [_nothing(choice)]
    records = list(frames.records(frames.values(data.values)))
    parts: list[Component] = [
        measures_card(records),
        samples_card(data, choice),
        phases_card(head, records),
        confusion_card(data),
        memory_card(data, choice),
        flame_card(data, _profile(head)),
        power_card(data, records),
        _incidents(data.incidents, records),
        _provenance(head, records),
        _log(data.log),
    ]
    return [_head(data, head, choice), *_failure(head), _facts(data, head), *parts]


def _nothing(choice: SessionChoice) -> Component:
    told = "An address such as `/session?session=12` names one; the pages of runs lead to them."
    if choice.session is not None:
        told = f"There is no session {choice.session}: it was pruned, or is of another database."
    runs = html.P(html.A("All runs", href=RUNS, className="more"))
    return html.Section(
        [heading("No session", "No session"), html.P(sentence(told)), runs], className="notice card"
    )


def _head(data: SessionData, head: SessionHead, choice: SessionChoice) -> Component:
    links = [pill(f"Run {head.run}", run_place(head.run), False)]
    if data.before is not None:
        links.append(pill("← Session before", choice.of_session(data.before).href(), False))
    if data.after is not None:
        links.append(pill("Session after →", choice.of_session(data.after).href(), False))
    if data.before is not None:
        links.append(pill("Compare with the one before", pair_place(data.before, head.id), False))
    if data.profile is not None:
        links.append(pill("Where cycles go", _profile(head), False))
    if data.passes:
        links.append(pill("Power trace", TraceChoice(head.id).href(), False))
    about = f"{head.model} {head.precision} on {head.board} ({head.kind})"
    return html.Div(
        [
            heading(
                [f"Session {head.id} ", html.Span(head.status, className=f"status {head.status}")],
                f"Session {head.id}",
                f"{head.model} {head.precision} on {head.board}",
            ),
            html.P(about, className="muted"),
            html.Nav(links, className="ways-on", **_called("Ways on")),
        ],
        className="page-head",
    )


def _called(name: str) -> dict[str, Any]:
    return {"aria-label": name}


def _profile(head: SessionHead) -> str:
    return ProfileChoice(head.board, head.kind, head.model, head.precision, head.run).href()


def _failure(head: SessionHead) -> list[Component]:
    if head.status == "finished":
        return []
    why = html.P(sentence(head.error or "No reason was stored."))
    return [html.Section([html.H2(f"It {head.status}"), why], className="card broken")]


def _facts(data: SessionData, head: SessionHead) -> Component:
    seconds = (head.finished - head.started).total_seconds()
    rows: list[tuple[str, Child]] = [
        ("Started", text.moment(head.started)),
        ("Took", f"{seconds:,.1f} s, by the host's clock"),
        ("Run", html.A(f"{head.run}, {head.run_status}", href=run_place(head.run), className="more")),
        ("Commit", text.of_commit(head.commit, head.dirty, head.note)),
        ("Board", f"{head.board} ({head.kind})"),
        ("Debug probe", head.probe or "not stored, as of emulated boards"),
        ("Image", _hash(head.image, "it could not be read or trusted")),
        ("Build", _hash(head.build_id, "not known")),
        ("Toolchain", head.toolchain or "not known"),
        ("Vectors", _hash(head.vectors_sha256, "none were streamed to the end")),
    ]
    return html.Section(facts(rows), className="card")


def _hash(held: str | None, otherwise: str) -> Child:
    return html.Code(held[:_SHORT], title=held) if held else otherwise


def _incidents(incidents: Sequence[Incident], records: Sequence[Mapping[str, Any]]) -> Component:
    title = "Link and recovery"
    told = _of_link(records)
    if not incidents:
        return card(title, "", [*told, html.P("No incident: nothing had to be done about the board.")])
    rows = [
        {
            "time": f"{one.time:%Y-%m-%d %H:%M:%S}",
            "kind": one.kind,
            "action": one.action,
            "board": one.board,
            "held": None if one.seconds is None else amount(one.seconds, f"{one.seconds:,.1f} s"),
            "evidence": one.evidence or "",
        }
        for one in incidents
    ]
    columns = [
        column("Time, UTC", "time", rows),
        column("What", "kind", rows),
        column("Done about it", "action", rows),
        column("Held up", "held", rows, "Amount"),
        column("Board", "board", rows),
        column("Evidence", "evidence", rows),
    ]
    note = counted(len(rows), "incident")
    return card(title, note, [inset(*told), table(columns, rows)], grid=True)


def _of_link(records: Sequence[Mapping[str, Any]]) -> list[Component]:
    """What the link counted, in a sentence."""
    held = [record for record in records if record["metric"] in _LINK]
    if not held:
        return []
    told = [f"{text.amount(one['metric'], one['value'], one['unit'])} {_LINK[one['metric']]}" for one in held]
    how = held[0]["conditions"]
    obtained = badge(held[0]["method"], held[0]["technique"])
    return [html.P([f"{', '.join(told)}{f'; {how}' if how else ''}, ", obtained])]


def _provenance(head: SessionHead, records: Sequence[Mapping[str, Any]]) -> Component:
    lab = "none: the built-in boards"
    if head.lab_path:
        lab = f"{head.lab_path}, sha256 {(head.lab_sha256 or 'not stored')[:_SHORT]}"
    rows: list[tuple[str, Child]] = [
        ("Command", html.Code(head.command)),
        ("Host", head.host),
        ("Lab file", lab),
        ("Branch", head.branch or "none checked out"),
        ("Source of the image", _hash(head.source_sha256, "not known")),
        ("Inputs", _hash(head.inputs_sha256, "not stored")),
        ("UUID", html.Code(head.uid or "gone")),
        *([("Imported from", head.origin)] if head.origin else []),
        *((name, str(held)) for name, held in sorted({**head.run_versions, **head.versions}.items())),
    ]
    link = html.A("How to read this", href=f"{HOW_TO_READ}#techniques", className="more")
    read = html.P(["What methods and techniques mean: ", link, "."])
    ways = [html.H3("How the figures were obtained"), html.Ul(_obtained(records), className="obtained")]
    return card("Provenance", "", [facts(rows), *(ways if records else []), read])


def _obtained(records: Sequence[Mapping[str, Any]]) -> list[Component]:
    """Each method, technique and what it holds for: of which metrics, and what obtains them."""
    ways: dict[tuple[str, str, str], list[Metric]] = {}
    for record in records:
        found = ways.setdefault((record["method"], record["technique"], record["conditions"]), [])
        found.append(lookup(record["metric"]))
    return [
        html.Li(
            [
                badge(method, technique),
                f": {'; '.join(one.title for one in found)}",
                html.Div(
                    f"{_explained(technique, found)}{f' For {held}.' if held else ''}", className="muted"
                ),
            ]
        )
        for (method, technique, held), found in ways.items()
    ]


def _explained(technique: str, metrics: Sequence[Metric]) -> str:
    """What obtains values of these metrics by a technique."""
    known = technique_of(technique)
    if known is not None:
        return f"{known.told[:1].upper()}{known.told[1:]}."
    of_probe = all(one in ENERGY for one in metrics)
    return "Windows of what a power probe saw." if of_probe else "A technique of your own."


def _log(log: tuple[LogLine, ...] | str) -> Component:
    if isinstance(log, str):
        return missing("Log", f"It cannot be read: {log}.")
    if not log:
        return missing("Log", "None is stored of this session: it ran before logs were kept.")
    began = log[0].time
    lines = [f"{one.time:%H:%M:%S}.{one.time:%f}"[:-3] + f" {_after(one, began)}  {one.text}" for one in log]
    attributes = {**_called("Log of the session"), "role": "region"}
    told = html.Pre("\n".join(lines), className="log", tabIndex=0, **attributes)
    return card("Log", f"{len(log):,} lines; UTC, and seconds since the first", [told])


def _after(line: LogLine, began: Any) -> str:
    return f"{(line.time - began).total_seconds():+9.3f} s"
