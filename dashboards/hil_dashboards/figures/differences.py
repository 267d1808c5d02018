"""What changed between two images: memory, cycles and single vectors, as Plotly draws them.

A colour tells by how much something changed, and a sign before the number which way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from html import escape
from typing import Any

import numpy as np
import numpy.typing as npt

from hil.measure.flame import frames
from hil.measure.profile import Profile
from hil_dashboards import text
from hil_dashboards.figures.flame import WHOLE, flame_nodes
from hil_dashboards.figures.look import LAYOUT
from hil_dashboards.figures.memory import KIND_NAMES, Kind, Place, memory_nodes
from hil_dashboards.figures.tree import WHOLE_COLOUR, Node, tree_figure

POINTS_MOST = 5000  # vectors; of more those that changed most are drawn
_SAME, _MORE, _LESS = (91, 102, 117), (179, 38, 30), (29, 95, 196)  # white letters are readable on each
_SHADE_LEAST = 0.25  # of the whole way to a colour, for what changed at all
_POINT_COLOURS = {1: "#c4453c", 0: "#8a94a1", -1: "#3b7ddd"}
_POINT_SYMBOLS = {1: "triangle-up", 0: "circle-open", -1: "triangle-down"}
_POINT_NAMES = {1: "more", 0: "equal", -1: "less"}


def memory_difference(before: Mapping[Place, int], after: Mapping[Place, int], kind: Kind) -> dict[str, Any]:
    """A treemap of the newer image's flash or RAM, of what ``sizes`` gives; its parts tell their growth.

    What is gone has no part in it.
    """
    title = KIND_NAMES[kind]
    nodes = memory_nodes(after, title)
    growth = {node.id: node.value - _held(node, nodes, before, title) for node in nodes}
    inner = {node.parent for node in nodes}
    most = max((abs(more) for id_, more in growth.items() if id_ not in inner), default=0)
    shown, words = [], []
    for node in nodes:
        more = growth[node.id]
        new = more == node.value
        word = "" if not more else f"{_signed(more)} B" + (", new" if new else "")
        told = f"{word} since before" if word else "unchanged"
        told_of = (*node.told, told)
        if node.id in inner:  # its own colour would frame those of its parts
            label = f"{node.label} {node.value:,} B {f'({word})' if word else ''}"
            shown.append(replace(node, told=told_of, colour=WHOLE_COLOUR, label=label))
        else:
            shown.append(replace(node, told=told_of, colour=shade(more, most)))
        words.append(word)
    made = tree_figure(
        "treemap", shown, texttemplate="%{label}<br>%{value:,} B<br>%{text}", tiling={"pad": 2}
    )
    made["data"][0]["text"] = words
    return made


def _held(node: Node, nodes: list[Node], before: Mapping[Place, int], title: str) -> int:
    """What a part took before: the whole, a section, a symbol, or all the smaller ones of a section."""
    if node.id == title:
        return sum(before.values())
    section, _, name = node.id.removeprefix(f"{title}/").partition("/")
    if not name:
        return sum(took for (one, _), took in before.items() if one == section)
    beside = {one.label for one in nodes if one.parent == node.parent and one.id != node.id}
    if name.startswith("(") and name.endswith(" smaller ones)"):
        return sum(took for (one, of_it), took in before.items() if one == section and of_it not in beside)
    return before.get((section, name), 0)


def flame_difference(before: Profile, after: Profile) -> dict[str, Any]:
    """An icicle of the newer profile; its colours and signs are of each function's own cycles on a path."""
    held = {";".join(frame.path): frame for frame in frames(after, before)}
    most = max((abs(frame.more or 0.0) for frame in held.values()), default=0.0)
    shown, words = [], []
    for node in flame_nodes(after):
        frame = held.get(node.id)
        if node.id == WHOLE or frame is None:
            more = after.cycles / after.regions - before.cycles / before.regions
            told = f"{_cycles(more)} cycles an inference since before"
            shown.append(replace(node, told=(*node.told, told)))
            words.append(_cycles(more) if _shows(more) else "")
            continue
        more, whole = frame.more or 0.0, frame.total - (frame.total_before or 0.0)
        told = f"since before {_cycles(more)} itself, {_cycles(whole)} with what it calls"
        new = not frame.total_before
        lines = (*node.told, "this path is new" if new else told)
        shown.append(replace(node, told=lines, colour=shade(more, most)))
        words.append("new" if new else _cycles(more) if _shows(more) else "")
    made = tree_figure(
        "icicle", shown, texttemplate="%{text} %{label}", tiling={"orientation": "v", "pad": 1}
    )
    made["data"][0]["text"] = words
    return made


def vectors_figure(
    metric: str, unit: str, before: npt.NDArray[np.float64], after: npt.NDArray[np.float64]
) -> dict[str, Any]:
    """By how many percent each vector changed, (vectors,) each; one that took 0 before has no percent."""
    places = np.flatnonzero(before != 0)
    shares = (after[places] - before[places]) / np.abs(before[places])
    if len(places) > POINTS_MOST:
        kept = np.sort(np.argsort(-np.abs(shares), kind="stable")[:POINTS_MOST])
        places, shares = places[kept], shares[kept]
    signs = np.sign(shares).astype(int)
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "markers",
                "name": f"{_POINT_NAMES[sign]} ({int((signs == sign).sum()):,})",
                "x": places[signs == sign].tolist(),
                "y": [round(one, 6) for one in shares[signs == sign].tolist()],
                "marker": {"size": 7, "symbol": _POINT_SYMBOLS[sign], "color": _POINT_COLOURS[sign]},
                "hovertext": [
                    _vector(metric, unit, place, before[place], after[place])
                    for place in places[signs == sign].tolist()
                ],
                "hoverinfo": "text",
            }
            for sign in (1, 0, -1)
            if (signs == sign).any()
        ],
        "layout": {
            "margin": {"l": 8, "r": 16, "t": 16, "b": 8},
            **LAYOUT,
            "showlegend": True,
            "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
            "xaxis": {
                "title": {"text": "vector", "standoff": 8},
                "automargin": True,
                "zeroline": False,
                "showgrid": False,
            },
            "yaxis": {
                "title": {"text": "change since before", "standoff": 12},
                "automargin": True,
                "tickformat": "+,.3~%",
                "zeroline": True,
                **_flat(shares),
            },
        },
    }


def shade(more: float, most: float) -> str:
    """The colour of a change: of the largest one red or blue, of none grey."""
    if not more or not most:
        part, end = 0.0, _SAME
    else:
        part = max(min(abs(more) / most, 1.0), _SHADE_LEAST)
        end = _MORE if more > 0 else _LESS
    mixed = (round(one + (other - one) * part) for one, other in zip(_SAME, end, strict=True))
    return "#" + "".join(f"{one:02x}" for one in mixed)


def _flat(shares: npt.NDArray[np.float64]) -> dict[str, Any]:
    """A range of its own where nothing changed: Plotly would show a change of 100 %."""
    return {} if shares.any() else {"range": [-0.01, 0.01]}


def _vector(metric: str, unit: str, place: int, before: float, after: float) -> str:
    values = f"{text.value(metric, before)} → {text.amount(metric, after, unit)}"
    return escape(f"vector {place}: {values}, {text.change(metric, after, before)}")


def _signed(number: int) -> str:
    return f"{'+' if number > 0 else '−'}{abs(number):,}"


def _shows(more: float) -> bool:
    return abs(more) >= 0.5


def _cycles(more: float) -> str:
    sign = "+" if more > 0 else "−" if more < 0 else "±"
    held = abs(more)
    return f"{sign}{held:,.0f}" if held >= 10 or float(held).is_integer() else f"{sign}{held:.1f}"
