"""The profile page: where the cycles of one session went, by function and by instruction class."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from hil.measure.profile import ClassCost, FunctionCost, Profile, functions
from hil.metrics import LATENCY_CYCLES
from hil_dashboards import frames, text
from hil_dashboards.choices.profile import ProfileChoice
from hil_dashboards.choices.series import Choice
from hil_dashboards.pages.grid import amount, column, table
from hil_dashboards.pages.parts import Child, badge, heading, origin, pill, pills, sentence
from hil_dashboards.reading.profile import ProfileData

_BAR = 110  # pixels of a share's bar


def profile_page(data: ProfileData, choice: ProfileChoice) -> list[Child]:
    """What the profile is of, the runs to choose from, and its tables."""
    about = _case(choice) if choice.complete else "By function and by instruction class."
    of_case = f"{choice.model} {choice.precision} on {choice.board}" if choice.complete else ""
    head = html.Div(
        [heading("Where cycles go", "Profile", of_case), html.P(about, className="muted")],
        className="page-head",
    )
    if data.profile is None or data.session is None:
        return [head, _nothing(data, choice)]
    (session,) = frames.records(frames.sessions([data.session]))
    return [
        head,
        _summary(data, data.profile, session, _runs(data, choice, session["run"])),
        _functions(data.profile),
        _classes(data.profile),
    ]


def _case(choice: ProfileChoice) -> str:
    model, precision, board, kind = map(
        text.short, (choice.model, choice.precision, choice.board, choice.kind)
    )
    return f"{model} {precision} on {board} ({kind})"


def _runs(data: ProfileData, choice: ProfileChoice, present: int | None) -> list[Component]:
    if not data.runs:
        return []
    return [pills("Run", [pill(str(run), choice.of_run(run).href(), run == present) for run in data.runs])]


def _nothing(data: ProfileData, choice: ProfileChoice) -> Component:
    which = "No run" if choice.run is None else f"No session of run {choice.run}"
    told = f"{which} stored a profile of {_case(choice)}. "
    told += "QEMU's timing plug-in makes them: `pytest --board=qemu`."
    if not choice.complete:
        told = "A profile is of one board, model and precision. The links to them stand in the matrix."
    return html.Section(
        [
            html.H2("No profile"),
            html.P(sentence(told)),
            *_runs(data, choice, None),
        ],
        className="notice card",
    )


def _summary(
    data: ProfileData, profile: Profile, session: dict[str, Any], runs: list[Component]
) -> Component:
    mean = f"{text.plain(round(profile.cycles / profile.regions))} cycles"
    told: list[Component] = [
        html.P(
            [
                html.Span(mean, className="strong"),
                f" per inference, the mean over {_inferences(profile)}, is what the tables add up to.",
            ]
        )
    ]
    if data.cycles is not None:
        told.append(_estimate(data.cycles))
    else:
        told.append(html.P(["Obtained by ", html.Span(profile.technique, className="strong"), "."]))
    image = f", image {text.image(session['image'])}. For a flame graph: "
    command = html.Code(f"hil export --profile folded --run {session['run']}")
    told.append(html.P([*origin(session, data.runs), image, command], className="muted"))
    return html.Section([*runs, *told], className="summary card")


def _inferences(profile: Profile) -> str:
    return f"{profile.regions:,} inference{'' if profile.regions == 1 else 's'}"


def _estimate(row: tuple[Any, ...]) -> Component:
    """The session's own value of cycles, with its band, as its other pages show it."""
    (record,) = frames.records(frames.values([row]))
    choice = Choice(LATENCY_CYCLES.name, (record["model"],), (record["board"],), (record["precision"],))
    ends = frames.band(record)
    told: list[Child] = [
        html.A(f"{text.plain(record['value'])} cycles", href=choice.href(), className="more strong"),
        " in the median",
    ]
    if ends is not None:
        told.append(f", expected {text.expected(LATENCY_CYCLES.name, record['value'], ends)}")
    told.append(f"; {record['conditions']} " if record["conditions"] else " ")
    return html.P([*told, badge(record["method"], record["technique"])])


def _title(words: str, note: str) -> Component:
    return html.H2([words, html.Span(note, className="kind")])


def _functions(profile: Profile) -> Component:
    rows = [_function(cost, profile) for cost in functions(profile)]
    columns = [
        column("Function", "name", rows, cellClass="mono"),
        column("Own share", "own_share", rows, "Share", _BAR),
        column("Own cycles", "own", rows, "Amount"),
        column("Total share", "total_share", rows, "Share", _BAR),
        column("Total cycles", "total", rows, "Amount"),
        column("Calls", "calls", rows, "Amount"),
        column("Instructions", "instructions", rows, "Amount"),
    ]
    head = _title("By function", "per inference; own: without what it calls")
    return html.Section([head, table(columns, rows)], className="card grid-card")


def _function(cost: FunctionCost, profile: Profile) -> dict[str, Any]:
    return {
        "name": cost.name,
        "calls": _each(cost.calls, profile),
        "instructions": _each(cost.instructions, profile),
        "own": _each(cost.own, profile),
        "own_share": _share(cost.own, profile),
        "total": _each(cost.total, profile),
        "total_share": _share(cost.total, profile),
    }


def _classes(profile: Profile) -> Component:
    rows = [
        _class(kind, profile)
        for kind in sorted(profile.classes, key=lambda kind: (-kind.cycles, kind.name))
        if kind.instructions or kind.cycles
    ]
    columns = [
        column("Class", "name", rows),
        column("Share", "share", rows, "Share", _BAR),
        column("Cycles", "cycles", rows, "Amount"),
        column("Instructions", "instructions", rows, "Amount"),
        column("Cycles each", "each", rows, "Amount"),
    ]
    head = _title("By instruction class", "per inference; cycles hold the stalls they caused")
    return html.Section([head, table(columns, rows)], className="card grid-card")


def _class(kind: ClassCost, profile: Profile) -> dict[str, Any]:
    each = kind.cycles / kind.instructions if kind.instructions else None
    return {
        "name": kind.name,
        "instructions": _each(kind.instructions, profile),
        "cycles": _each(kind.cycles, profile),
        "each": None if each is None else amount(each, f"{each:.2f}"),
        "share": _share(kind.cycles, profile),
    }


def _each(count: int, profile: Profile) -> dict[str, Any]:
    """Per inference; in full from ten on, below with two decimals unless whole."""
    number = count / profile.regions
    return amount(number, f"{number:,.0f}" if number >= 10 or number.is_integer() else f"{number:.2f}")


def _share(cycles: int, profile: Profile) -> dict[str, Any]:
    share = cycles / profile.cycles if profile.cycles else 0.0
    return amount(share, f"{share * 100:.1f} %")
