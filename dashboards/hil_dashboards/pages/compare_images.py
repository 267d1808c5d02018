"""Two images that are compared: metrics, single vectors, memory and cycles, side by side."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from hil.gate.wording import title_of, why_lines
from hil.measure.verdicts import Outcome
from hil_dashboards import text
from hil_dashboards.choices.compare import CompareChoice
from hil_dashboards.choices.places import run_place, session_place
from hil_dashboards.choices.series import Choice
from hil_dashboards.pages.choosers import choose_one, choosers
from hil_dashboards.pages.compare_choices import image_options, run_options, session_options
from hil_dashboards.pages.compare_cycles import cycles_part
from hil_dashboards.pages.compare_memory import memory_part
from hil_dashboards.pages.compare_vectors import classes_part, vectors_part
from hil_dashboards.pages.grid import column, table
from hil_dashboards.pages.parts import Child, heading, pill, pills
from hil_dashboards.pages.verdicts import order_of, verdict_columns, verdict_row
from hil_dashboards.reading.compare import ImagesData, Side
from hil_db.comparing import Compared


def images_page(data: ImagesData) -> list[Child]:
    """What is compared with what, then each difference with what is behind it."""
    (one,) = data.comparison.cases
    head = html.Div(
        [heading(_title(data), *_about(data)), html.P(_told(data), className="muted"), *_notes(data, one)],
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


def _about(data: ImagesData) -> tuple[str, str]:
    """For the browser's tab: what is compared, and where."""
    now, before = data.comparison.now, data.comparison.before
    assert before is not None, "two are compared"
    return "Compare", f"{_title(data)}, runs {before.id} and {now.id}"


def _title(data: ImagesData) -> str:
    cases = [side.case for side in (data.after, data.before) if side is not None]
    names = [f"{case.model} {case.precision}" for case in cases]
    if cases[0] == cases[-1]:
        return f"{names[0]}, before and now"
    boards = len({(case.board, case.kind) for case in cases}) > 1
    told = [f"{name} on {case.board}" if boards else name for name, case in zip(names, cases, strict=True)]
    return " against ".join(told)


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
    fields = [
        field
        for title, side, other, names in (
            ("Before", data.before, data.after, ("before", "first")),
            ("Now", data.after, data.before, ("after", "second")),
        )
        for field in _fields(data, title, side, other, names)
    ]
    now, before = data.comparison.now, data.comparison.before
    whole = CompareChoice(before.id if before is not None else None, now.id)
    others = [
        pill("swap the two", choice.swapped().href(), False),
        pill("all images of these runs", whole.href(), False),
    ]
    return html.Section([choosers(*fields), pills("Others", others)], className="choices card compare-images")


def _fields(
    data: ImagesData, title: str, side: Side | None, other: Side | None, names: tuple[str, str]
) -> list[Component]:
    """What one side may be: another image, where the other side has a session, and another run."""
    choice = data.choice
    found: list[Component] = []
    if other is not None:
        session = other.told["session"]
        newest = next((str(one.session) for one in data.cases if side and one.case == side.case), None)
        kept = CompareChoice(second=session) if names[1] == "first" else CompareChoice(first=session)
        found.append(choose_one(f"{title}: image", names[1], image_options(data.cases), newest, kept.href()))
    if side is None:
        return found
    if choice.of_sessions is not None:
        base = choice.without(names[1]).href()
        options, chosen = session_options(side.offered), str(side.told["session"])
        return [*found, choose_one(f"{title}: run", names[1], options, chosen, base)]
    base = choice.without(names[0]).href()
    options = run_options(side.offered, other.told["run"] if other is not None else None)
    return [*found, choose_one(f"{title}: run", names[0], options, str(side.told["run"]), base)]


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
        lines += [
            html.Li([html.Span(f"{title}: ", className="strong"), _typeset(line)]) for line in why_lines(why)
        ]
    if not lines:
        return html.Section(
            [html.H2("What is behind it"), html.P("Nothing got better or worse.")], className="card"
        )
    return html.Section([html.H2("What is behind it"), html.Ul(lines)], className="card")


def _typeset(line: str) -> str:
    """A line that is made for terminals, with a page's arrows and minus signs."""
    return line.replace("->", "→").replace("(-", "(−").replace(": -", ": −")


def _metrics(one: Compared) -> Component:
    case = one.case
    rows = [
        verdict_row(verdict)
        | {"series": Choice(verdict.metric.name, (case.model,), (case.board,), (case.precision,)).href()}
        for verdict in sorted(one.verdicts, key=order_of)
    ]
    worse = sum(row["verdict"] == "worse" for row in rows)
    better = sum(row["verdict"] == "better" for row in rows)
    unlike = sum(verdict.outcome is Outcome.NOT_COMPARABLE for verdict in one.verdicts)
    told = f"{len(rows)}: {worse} worse, {better} better" + (f", {unlike} not comparable" if unlike else "")
    head = html.H2(["Metrics", html.Span(told, className="kind")])
    columns = verdict_columns(rows)
    return html.Section([head, table(columns, rows)], className="card grid-card")
