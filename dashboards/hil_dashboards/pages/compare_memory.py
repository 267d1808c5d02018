"""The memory of two images: a map of what grew, and the symbols that changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import html
from dash.development.base_component import Component

from hil.values import Method
from hil_dashboards.figures.differences import memory_difference
from hil_dashboards.figures.memory import KIND_NAMES, Kind, Place, sizes
from hil_dashboards.pages.deferred import deferred_plot
from hil_dashboards.pages.grid import amount, column
from hil_dashboards.pages.parts import badge
from hil_dashboards.pages.verdicts import listed, marked
from hil_dashboards.reading.compare import Side

_HEIGHT = 300
_KINDS: tuple[Kind, ...] = ("flash", "ram")
_GREW, _SHRANK = ("▲", "grew", "worse"), ("▼", "shrank", "better")
_NEW, _GONE = ("+", "new", "worse"), ("−", "gone", "better")


def memory_part(before: Side, after: Side) -> list[Component]:
    """A map of flash and one of RAM with what grew, and a grid of the symbols that changed."""
    if before.symbols is None or after.symbols is None:
        which = "either image" if before.symbols is after.symbols else _missing(before, after)
        told = f"The symbols of {which} are not stored: nothing tells which grew."
        return [_card([html.P(told, className="beside")])]
    if before.told["image"] is not None and before.told["image"] == after.told["image"]:
        return [_card([html.P("Both ran the same image: its memory is the same.", className="beside")])]
    parts: list[Component] = []
    rows: list[dict[str, Any]] = []
    for kind in _KINDS:
        old, new = sizes(before.symbols, kind), sizes(after.symbols, kind)
        changed = _changed(old, new)
        rows += [_row(kind, place, old, new) for place in changed]
        told = _told(kind, old, new, changed)
        parts.append(html.P(told, className="beside"))
        if changed:
            parts.append(
                deferred_plot(f"{kind}-difference", memory_difference(old, new, kind), told, _HEIGHT)
            )
    key = "Areas are bytes now. Red and a plus sign: more than before; blue and a minus sign: less. "
    note = [html.P([key if rows else "", badge(Method.COUNTED, "elf")], className="beside muted")]
    return [_card([*note, *parts, *(_listed(rows) if rows else [])])]


def _card(parts: list[Component]) -> Component:
    return html.Section([html.H2("Memory"), *parts], className="card grid-card memory-difference")


def _missing(before: Side, after: Side) -> str:
    return "the image before" if before.symbols is None else "the image now"


def _changed(old: Mapping[Place, int], new: Mapping[Place, int]) -> list[Place]:
    """The symbols whose bytes changed, the most first."""
    moved = [place for place in {*old, *new} if old.get(place, 0) != new.get(place, 0)]
    return sorted(moved, key=lambda place: (-abs(new.get(place, 0) - old.get(place, 0)), place))


def _told(kind: Kind, old: Mapping[Place, int], new: Mapping[Place, int], changed: list[Place]) -> str:
    before, after = sum(old.values()), sum(new.values())
    whole = f"{KIND_NAMES[kind]} of all symbols: {before:,} → {after:,} B"
    if not changed:
        return f"{whole}, no symbol changed."
    more = [new.get(place, 0) - old.get(place, 0) for place in changed]
    counts = (
        (sum(one > 0 and place in old for one, place in zip(more, changed, strict=True)), "grew"),
        (sum(one < 0 and place in new for one, place in zip(more, changed, strict=True)), "shrank"),
        (sum(place not in old for place in changed), "new"),
        (sum(place not in new for place in changed), "gone"),
    )
    said = ", ".join(f"{count} {word}" for count, word in counts if count)
    apart = after - before
    sign = "+" if apart > 0 else "−" if apart < 0 else "±"
    return f"{whole} ({sign}{abs(apart):,} B); symbols: {said}."


def _row(kind: Kind, place: Place, old: Mapping[Place, int], new: Mapping[Place, int]) -> dict[str, Any]:
    section, name = place
    before, after = old.get(place), new.get(place)
    mark = _NEW if before is None else _GONE if after is None else _GREW if after > before else _SHRANK
    more = (after or 0) - (before or 0)
    share = f" ({'+' if more > 0 else '−'}{abs(more) / before * 100:,.3g} %)" if before and after else ""
    return marked(mark) | {
        "symbol": name,
        "section": section,
        "memory": KIND_NAMES[kind],
        "before": None if before is None else amount(before, f"{before:,} B"),
        "now": None if after is None else amount(after, f"{after:,} B"),
        "change": amount(more, f"{'+' if more > 0 else '−'}{abs(more):,} B{share}"),
    }


def _listed(rows: list[dict[str, Any]]) -> list[Component]:
    columns = [
        column("Symbol", "symbol", rows, cellClass="mono"),
        column("It", "word", rows, "Verdict", more=20),
        column("Memory", "memory", rows),
        column("Section", "section", rows, cellClass="mono"),
        column("Before", "before", rows, "Amount"),
        column("Now", "now", rows, "Amount", cellClass=["ag-right-aligned-cell", "strong"]),
        column("Change", "change", rows, "Amount"),
    ]
    return listed("symbols-difference", columns, rows)
