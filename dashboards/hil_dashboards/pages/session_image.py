"""What a session's image takes of memory, where its cycles went, and what a power probe saw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from hil.measure.memory import STACK_SECTION
from hil.measure.profile import functions
from hil.metrics import ENERGY, lookup
from hil_dashboards import text
from hil_dashboards.choices.session import MEMORIES, SessionChoice
from hil_dashboards.choices.trace import TraceChoice
from hil_dashboards.figures.flame import flame_figure
from hil_dashboards.figures.memory import KIND_NAMES, memory_figure, sizes
from hil_dashboards.pages.deferred import deferred_grid, deferred_plot
from hil_dashboards.pages.grid import amount, column, table
from hil_dashboards.pages.parts import Child, badge, pill, pills
from hil_dashboards.pages.session_parts import card, counted, drawn_chart, inset, missing
from hil_dashboards.reading.session import SessionData
from hil_db.traced import StoredPass

_BAR = 110  # pixels of a share's bar
_GRID_MOST = 420  # pixels
_FLAME_ROW, _FLAME_HEAD = 30, 60  # pixels


def memory_card(data: SessionData, choice: SessionChoice) -> Component:
    """A treemap of flash or RAM, and its symbols in a grid."""
    title, symbols = "Memory map", data.symbols
    if isinstance(symbols, str):
        return missing(title, f"The image's symbols cannot be read: {symbols}.")
    if not symbols:
        return missing(title, "No symbols of the image are stored.")
    held = sizes(symbols, choice.memory)
    whole, name = sum(held.values()), KIND_NAMES[choice.memory]
    offered = [pill(KIND_NAMES[one], choice.of_memory(one).href(), one == choice.memory) for one in MEMORIES]
    rows = [
        {
            "name": symbol,
            "section": section,
            "bytes": amount(took, f"{took:,} B"),
            "share": amount(took / whole, f"{took / whole * 100:.1f} %"),
        }
        for (section, symbol), took in held.items()
    ]
    columns = [
        column("Symbol", "name", rows, cellClass="mono"),
        column("Section", "section", rows, cellClass="mono"),
        column(name, "bytes", rows, "Amount"),
        column("Share", "share", rows, "Share", _BAR),
    ]
    told = f"Treemap of {whole:,} bytes of {name} by section and symbol; the table below has the same numbers"
    reserved = any(section == STACK_SECTION for section, _ in held)
    how = "; with what the linker reserves for the stack." if reserved else "."
    said = html.P(["From the image's ELF file, ", badge("counted", "elf"), how])
    drawn = deferred_plot("session-memory", memory_figure(symbols, choice.memory), told)
    grid = deferred_grid("session-symbols", table(columns, rows, _GRID_MOST))
    body = [inset(pills("Memory", offered), said, drawn), grid]
    return card(title, f"{name}: {whole:,} B in {counted(len(rows), 'symbol')}", body, grid=True)


def flame_card(data: SessionData, place: str) -> Component:
    """The call paths of the profile, with the way to its tables."""
    title, profile = "Where cycles go", data.profile
    if isinstance(profile, str):
        return missing(title, f"The profile cannot be read: {profile}.")
    if profile is None:
        return missing(title, "No profile is stored: QEMU's timing plug-in makes them.")
    each = f"{profile.cycles / profile.regions:,.0f} cycles per inference"
    dearest = functions(profile)[0].name if profile.paths else "no function"
    depth = max((len(cost.path) for cost in profile.paths), default=0)
    words: list[Child] = [
        f"{each}, the mean over {counted(profile.regions, 'inference')}, ",
        badge("estimated", profile.technique),
        ". Wide: many cycles; what a function calls stands below it. ",
        html.A("The same as tables", href=place, className="more"),
    ]
    told = f"Flame graph: {each}, most of its own in {dearest}; the link above leads to the same as tables"
    height = _FLAME_HEAD + _FLAME_ROW * (depth + 1)
    drawn = deferred_plot("session-flame", flame_figure(profile), told, height)
    return card(title, "", [inset(html.P(words), drawn)])


def power_card(data: SessionData, records: Sequence[dict[str, Any]]) -> Component:
    """What passes tell, the energy of each of their windows, and the way to their traces."""
    title = "Power"
    if not data.passes or data.head is None:
        why = "No power probe saw this session: its board has none, or `--no-energy` was given."
        return missing(title, why)
    names = [metric.name for metric in ENERGY]
    told = [part for record in records if record["metric"] in names for part in _figure(record)]
    none = html.P("The session has no figure of energy: too few of its windows count.")
    body: list[Component] = [html.Dl(told, className="values-list") if told else none]
    windows = _windows(data.passes)
    count = len(windows["points"])
    if count:
        body.append(drawn_chart(windows, f"Energy per inference in {counted(count, 'window')}", "small"))
    if any(wrong for *_, wrong in windows["points"]):
        body.append(html.P("A window with a ✗ does not count; the trace says why.", className="key muted"))
    links = [
        pill(f"Trace of pass {one.number}", TraceChoice(data.head.id, one.number).href(), False)
        for one in data.passes
    ]
    body.append(html.Div(links, className="pills"))
    return card(title, counted(len(data.passes), "pass", "passes"), [inset(*body)])


def _figure(record: dict[str, Any]) -> tuple[Component, Component]:
    told = text.amount(record["metric"], record["value"], record["unit"])
    obtained = badge(record["method"], record["technique"])
    name = html.Dt(lookup(record["metric"]).title)
    return name, html.Dd([told, obtained], title=record["conditions"] or None)


def _windows(passes: Sequence[StoredPass]) -> dict[str, Any]:
    """The energy of each window, as assets/charts.js draws it; what is not known is none."""
    points: list[list[Any]] = []
    told: list[str] = []
    for one in passes:
        for number, window in enumerate(one.windows, 1):
            known = window.energy_j == window.energy_j
            each, place = window.energy_j * 1e6 / one.inferences if known else 0.0, len(points) + 1
            points.append([place - 0.3, place + 0.3, each, window.invalid is not None])
            amount = f"{each:,.4g} µJ per inference" if known else "its energy is not known"
            why = f"; does not count: {window.invalid}" if window.invalid is not None else ""
            told.append(f"pass {one.number}, window {number}: {amount}{why}")
    return {
        "kind": "bars", "points": points, "told": told,
        "x": "window", "y": "µJ per inference", "whole": "x",
    }  # fmt: skip
