"""The page of a power trace: current over time with its windows, and the energy of each phase."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

from dash import html
from dash.development.base_component import Component

from hil.metrics import lookup
from hil_dashboards import frames, text
from hil_dashboards.choices.series import Choice
from hil_dashboards.choices.trace import TraceChoice
from hil_dashboards.pages.grid import amount, column, table
from hil_dashboards.pages.parts import Child, badge, heading, origin, pill, pills, sentence
from hil_dashboards.reading.phases import Phase, phases
from hil_dashboards.reading.samples import Seen, points
from hil_dashboards.reading.trace import TraceData
from hil_dashboards.reading.traces import chosen
from hil_db.traced import StoredPass

_STEPS = (("Zoom in", "in"), ("Zoom out", "out"), ("Earlier", "earlier"), ("Later", "later"), ("All", "all"))
_KEY = (
    "Shaded: a window that counts. Hatched with a ✗: one that does not, and why. Drag over a stretch to see "
    "it closer, click twice for the whole; with the keyboard + and −, the arrows, and 0 for the whole."
)


def trace_page(data: TraceData, choice: TraceChoice, seen: Seen | str) -> list[Child]:
    """What it is of, what passes tell, the plot or why there is none, energy by phase, the windows."""
    one = chosen(data, choice)
    about = "What a power probe saw while a board worked."
    if data.session is not None:
        (session,) = frames.records(frames.sessions([data.session]))
        about = f"{session['model']} {session['precision']} on {session['board']} ({session['kind']})"
    of_case = (
        f"{session['model']} {session['precision']} on {session['board']}" if data.session is not None else ""
    )
    title = heading("Power trace", "Power trace", of_case)
    head = html.Div([title, html.P(about, className="muted")], className="page-head")
    if data.session is None or one is None:
        return [head, _nothing(data, choice)]
    ways = _ways(data)
    found = phases(one, seen if isinstance(seen, Seen) else None)
    return [
        head,
        _summary(data, one, session),
        _unshown(one, seen, ways) if isinstance(seen, str) else _plot(one, choice, seen, ways),
        _phases(found, ways),
        _windows(one, ways),
    ]


def _nothing(data: TraceData, choice: TraceChoice) -> Component:
    if not choice.complete:
        told = "A trace is of one session. The links to them stand in the matrix."
    elif data.session is not None:
        told = "No power probe saw this session: its board has none, or `--no-energy` was given."
    elif choice.session is not None:
        told = f"There is no session {choice.session}: it was pruned, or is of another database."
    else:
        case = f"{text.short(choice.model)} {text.short(choice.precision)} on {text.short(choice.board)}"
        told = f"No power probe saw a session of {case}. A `power` table in the lab file gives its board one."
    return html.Section([html.H2("No trace"), html.P(sentence(told))], className="notice card")


def _ways(data: TraceData) -> list[Child]:
    """How what the page shows was obtained: the badges of the session's own figures, each once."""
    records = frames.records(frames.values(data.values))
    found = dict.fromkeys((record["method"], record["technique"]) for record in records)
    return [badge(method, technique) for method, technique in found]


def _summary(data: TraceData, one: StoredPass, session: dict[str, Any]) -> Component:
    runs = [pill(str(run), TraceChoice(other).href(), run == one.run) for run, other in data.others]
    runs_of = [run for run, _ in data.others]
    passes = [
        pill(str(each.number), TraceChoice(each.session, each.number).href(), each.number == one.number)
        for each in data.passes
    ]
    choices = [pills("Run", runs)] if runs else []
    choices += [pills("Pass", passes)] if len(passes) > 1 else []
    records = list(frames.records(frames.values(data.values)))
    told: list[Component] = [
        html.Dl([part for record in records for part in _value(record)], className="values-list")
    ]
    if not records:
        told = [html.P("The session has no figure of energy: too few of its windows count.")]
    seen = f". {one.seconds:.4g} s at {one.supply_v:g} V, {one.samples:,} samples at {one.rate_hz:,.0f} Hz"
    seen += f" by {one.driver}" if one.driver else ""
    seen += f"; {one.inferences:,} inference{'s' if one.inferences != 1 else ''} in a window. As a file: "
    command = html.Code(f"hil power trace --session {one.session} --pass {one.number} --out trace.csv")
    return html.Section(
        [
            *choices,
            *told,
            html.P([*origin(session, runs_of), *sentence(seen), command], className="muted"),
        ],
        className="summary card",
    )


def _value(record: dict[str, Any]) -> list[Component]:
    metric = record["metric"]
    choice = Choice(metric, (record["model"],), (record["board"],), (record["precision"],))
    told: list[Child] = [
        html.A(
            text.amount(metric, record["value"], record["unit"]), href=choice.href(), className="more strong"
        )
    ]
    ends = frames.band(record)
    if ends is not None:
        reach = text.band(metric, record["value"], ends)
        told += [
            " ",
            html.Span(f"({reach})", className="nowrap", title="band: where the true value is expected"),
        ]
    told += [" ", badge(record["method"], record["technique"])]
    return [html.Dt(lookup(metric).title), html.Dd(told, title=record["conditions"] or None)]


def _marked(
    made: Callable[..., Component], *children: Child, about: dict[str, str], **other: Any
) -> Component:
    """An element with attributes whose names are none of Python's."""
    told: Any = {**other, **about}
    return made(list(children), **told)


def _title(words: str, unit: str, ways: list[Child]) -> Component:
    return html.H2([words, html.Span(unit, className="kind"), html.Span(ways, className="ways")])


def _unshown(one: StoredPass, why: str, ways: list[Child]) -> Component:
    told = f"The trace of pass {one.number} cannot be shown: {why}."
    kept = "What was found in it when it was recorded stands below." if one.windows else ""
    return html.Section(
        [_title("Current", "mA", ways), html.P(sentence(told)), html.P(kept)], className="notice card"
    )


def _plot(one: StoredPass, choice: TraceChoice, seen: Seen, ways: list[Child]) -> Component:
    whole = choice.begin is None or choice.end is None
    begin, end = (0.0, seen.seconds) if whole else (choice.begin, choice.end)
    held = {
        "samples": f"/samples?session={one.session}&pass={one.number}",
        "page": TraceChoice(one.session, one.number).href(),
        "seconds": seen.seconds,
        "step": 1 / seen.rate_hz,
        "idle": [at / one.rate_hz for at in one.idle] if one.idle is not None else None,
        "windows": [
            {
                "from": window.begin / one.rate_hz,
                "to": window.end / one.rate_hz,
                "name": str(number + 1),
                "why": window.invalid,
            }
            for number, window in enumerate(one.windows)
        ],
        "points": points(seen, begin or 0.0, end or 0.0).stored(),
    }
    steps = [_marked(html.Button, name, about={"data-step": step}) for name, step in _STEPS]
    wrong = [html.P("What is wrong with it:"), html.Ul([html.Li(line) for line in seen.wrong])]
    drawn = _marked(
        html.Div,
        about={"data-trace": json.dumps(held, separators=(",", ":")), "aria-label": _spoken(one, seen)},
        className="trace-plot",
        tabIndex=0,
        role="group",
    )
    told = _marked(html.Span, about={"aria-live": "polite"}, className="readout")
    return html.Section(
        [
            _title("Current over time", "mA; seconds by the probe's clock", ways),
            html.Div([*steps, told], className="steps"),
            drawn,
            html.P(_KEY, className="key muted"),
            *(wrong if seen.wrong else []),
        ],
        className="trace-card card",
    )


def _spoken(one: StoredPass, seen: Seen) -> str:
    invalid = len(one.windows) - one.valid
    told = f"Current over {seen.seconds:.4g} seconds, {len(one.windows)} windows"
    return f"{told}, {invalid} of them do not count." if invalid else f"{told}."


def _phases(found: list[Phase], ways: list[Child]) -> Component:
    """Few rows of few words, so no grid: on a phone the words break."""
    heads = ("Phase", "Time", "Energy", "Average power", "Per inference")
    rows = [
        (
            phase.name,
            f"{phase.seconds:.4g} s",
            _figure(phase.energy_mj, "mJ"),
            _figure(phase.power_mw, "mW"),
            _figure(phase.each_uj, "µJ"),
        )
        for phase in found
    ]
    body = [html.Tr([html.Th(name, scope="row"), *map(html.Td, cells)]) for name, *cells in rows]
    head = html.Thead(html.Tr([html.Th(one, scope="col") for one in heads]))
    return html.Section(
        [_title("Energy by phase", "", ways), html.Table([head, html.Tbody(body)], className="plain")],
        className="card",
    )


def _figure(number: float | None, unit: str) -> str:
    return "–" if number is None else f"{number:.4g} {unit}"


def _windows(one: StoredPass, ways: list[Child]) -> Component:
    title = _title("Windows", f"{one.valid} of {len(one.windows)} count", ways)
    if not one.windows:
        return html.Section([title, html.P(one.missing or "There are none.")], className="card")
    rows = [
        {
            "name": f"{number + 1}",
            "href": TraceChoice(one.session, one.number)
            .part(*_around(window.begin / one.rate_hz, window.end / one.rate_hz, one.seconds))
            .href(),
            "from": amount(window.begin, f"{window.begin / one.rate_hz:.6g} s"),
            "length": amount(window.end - window.begin, f"{(window.end - window.begin) / one.rate_hz:.6g} s"),
            "energy": _amount(window.energy_j * 1e3, "mJ"),
            "each": _amount(window.energy_j * 1e6 / one.inferences, "µJ"),
            "state": "counts" if window.invalid is None else "✗ does not count",
        }
        for number, window in enumerate(one.windows)
    ]
    columns = [
        column("Window", "name", rows, "Stretch", 20),
        column("Begins", "from", rows, "Amount"),
        column("Lasts", "length", rows, "Amount"),
        column("Energy", "energy", rows, "Amount"),
        column("Per inference", "each", rows, "Amount"),
        column("State", "state", rows),
    ]
    wrong = [
        html.P(
            [html.Span(f"✗ Window {number + 1}", className="strong"), f" does not count: {window.invalid}."]
        )
        for number, window in enumerate(one.windows)
        if window.invalid is not None
    ]
    way = [html.P(f"No edges placed them, but {one.way}.")] if one.way else []
    return html.Section([title, table(columns, rows), *way, *wrong], className="card grid-card")


def _around(begin: float, end: float, most: float) -> tuple[float, float]:
    """A window with something of what lies beside it."""
    beside = (end - begin) * 0.05
    return max(0.0, begin - beside), min(most, end + beside)


def _amount(number: float | None, unit: str) -> dict[str, Any] | None:
    if number is None or math.isnan(number):
        return None
    return amount(number, f"{number:.4g} {unit}")
