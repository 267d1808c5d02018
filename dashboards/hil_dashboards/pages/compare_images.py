"""Two images that are compared: metrics, single vectors, memory and cycles, side by side."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from hil.gate.wording import title_of, why_lines
from hil.measure.verdicts import Outcome
from hil_dashboards import text
from hil_dashboards.choices.compare import CompareChoice
from hil_dashboards.choices.places import image_place, pair_place, run_place, session_place
from hil_dashboards.pages.compare_cycles import cycles_part
from hil_dashboards.pages.compare_memory import memory_part
from hil_dashboards.pages.compare_vectors import classes_part, vectors_part
from hil_dashboards.pages.grid import column, table
from hil_dashboards.pages.parts import Child, pill, pills
from hil_dashboards.pages.verdicts import order_of, verdict_columns, verdict_row
from hil_dashboards.reading.compare import ImagesData, Side
from hil_db.comparing import Compared

_RUNS_OFFERED = 8


def images_page(data: ImagesData) -> list[Child]:
    """What is compared with what, then each difference with what is behind it."""
    (one,) = data.comparison.cases
    head = html.Div(
        [html.H1(_title(data)), html.P(_told(data), className="muted"), *_notes(data, one)],
        className="page-head",
    )
    parts: list[Child] = [head, _choices(data), _sides(data)]
    if not one.verdicts or data.before is None or data.after is None:
        return [*parts, _alone(one)]
    parts += [_why(data), _metrics(one)]
    if data.vectors is not None:
        parts.append(vectors_part(data.vectors, data.choice))
    if data.classes is not None:
        parts.append(classes_part(data.classes))
    return [*parts, *memory_part(data.before, data.after), *cycles_part(data.before, data.after, one)]


def _title(data: ImagesData) -> str:
    cases = [side.case for side in (data.before, data.after) if side is not None]
    model, precision = data.comparison.cases[0].case[2:]
    if cases[0] == cases[-1]:
        return f"{model} {precision}, before and now"
    return " against ".join(f"{case.model} {case.precision}" for case in reversed(cases))


def _told(data: ImagesData) -> list[Child]:
    now, before = data.comparison.now, data.comparison.before
    assert before is not None, "two are compared"
    case = data.comparison.cases[0].case
    board = f" on {case.board} ({case.kind})" if _is_one_case(data) else ""
    told: list[Child] = [html.A(text.capital(now.told), href=run_place(now.id), className="more")]
    told += [" against ", html.A(before.told, href=run_place(before.id), className="more"), f"{board}."]
    return told


def _notes(data: ImagesData, one: Compared) -> list[Component]:
    notes = [] if one.note is None else [f"{text.capital(one.note)}."]
    if not _is_one_case(data) and data.before is not None:
        notes.append(
            "They are two images: worse and better say how the second does beside the first. What was"
            " obtained in another way, or under other conditions, is not compared, and the reason says so."
        )
    return [html.P(note, className="muted") for note in notes]


def _is_one_case(data: ImagesData) -> bool:
    sides = [side.case for side in (data.before, data.after) if side is not None]
    return sides[0] == sides[-1]


def _choices(data: ImagesData) -> Component:
    choice = data.choice
    told: list[Component] = []
    for title, side, other in (
        ("Before", data.before, data.after),
        ("Now", data.after, data.before),
    ):
        if side is None:
            continue
        offered = [
            pill(
                str(one.run), _of_run(data, title == "Now", one.run, one.session), one.run == side.told["run"]
            )
            for one in side.offered[:_RUNS_OFFERED]
            if other is None or one.run != other.told["run"] or not _is_one_case(data)
        ]
        told.append(pills(f"{title}: run", offered))
    swap = pill("swap the two", choice.swapped().href(), False)
    whole = CompareChoice(
        data.comparison.before.id if data.comparison.before else None, data.comparison.now.id
    )
    every = pill("all images of these runs", whole.href(), False)
    told.append(pills("Others", [swap, every]))
    return html.Section(told, className="choices card")


def _of_run(data: ImagesData, is_now: bool, run: int, session: int | None) -> str:
    """The address of the same page with another run on one side."""
    choice = data.choice
    if choice.of_sessions is not None and session is not None:
        first, second = choice.of_sessions
        return pair_place(first, session) if is_now else pair_place(session, second)
    assert choice.case is not None, "either two sessions or a case"
    before, now = data.comparison.before, data.comparison.now
    runs = (before.id if before is not None else run, run) if is_now else (run, now.id)
    return image_place(*runs, *choice.case)


def _sides(data: ImagesData) -> Component:
    rows = [
        _side(name, side) for name, side in (("before", data.before), ("now", data.after)) if side is not None
    ]
    columns = [
        column("", "side", rows),
        column("Session", "session", rows, "Link"),
        column("Run", "run", rows),
        column("Model", "model", rows),
        column("Board", "board", rows),
        column("Time, UTC", "time", rows),
        column("Status", "status", rows),
        column("Commit", "commit", rows, "Commit", cellClass="mono"),
        column("Image", "image", rows, cellClass="mono"),
        column("Vectors", "vectors", rows),
    ]
    return html.Section([html.H2("The two sessions"), table(columns, rows)], className="card grid-card")


def _side(name: str, side: Side) -> dict[str, Any]:
    told = side.told
    return {
        "side": name,
        "session": str(told["session"]),
        "href": session_place(told["session"]),
        "run": str(told["run"]),
        "model": f"{told['model']} {told['precision']}",
        "board": f"{told['board']} ({told['kind']})",
        "time": text.moment(told["time"]).removesuffix(" UTC"),
        "status": told["status"],
        "commit": text.commit(told["commit"], told["dirty"]),
        "note": told["note"],
        "image": text.image(told["image"]),
        "vectors": "" if told["vectors"] is None else f"{told['vectors']:,.0f}",
    }


def _alone(one: Compared) -> Component:
    told = f"{text.capital(str(one.outcome))}: {one.reason or 'neither has any value'}."
    return html.Section([html.H2("Not compared"), html.P(told)], className="notice card")


def _why(data: ImagesData) -> Component:
    lines: list[Component] = []
    measures = {v.metric.name: v.after for one in data.comparison.cases for v in one.verdicts}
    for why in data.reasons:
        held = measures.get(why.metric)
        title = title_of(held) if held is not None else why.metric
        lines += [html.Li([html.Span(f"{title}: ", className="strong"), line]) for line in why_lines(why)]
    if not lines:
        return html.Section(
            [html.H2("What is behind it"), html.P("Nothing got better or worse.")], className="card"
        )
    return html.Section([html.H2("What is behind it"), html.Ul(lines)], className="card")


def _metrics(one: Compared) -> Component:
    rows = [verdict_row(verdict) for verdict in sorted(one.verdicts, key=order_of)]
    worse = sum(row["verdict"] == "worse" for row in rows)
    better = sum(row["verdict"] == "better" for row in rows)
    unlike = sum(verdict.outcome is Outcome.NOT_COMPARABLE for verdict in one.verdicts)
    told = f"{len(rows)}: {worse} worse, {better} better" + (f", {unlike} not comparable" if unlike else "")
    head = html.H2(["Metrics", html.Span(told, className="kind")])
    narrow = html.P("The table scrolls sideways.", className="narrow muted")
    return html.Section([head, table(verdict_columns(rows), rows), narrow], className="card grid-card")
