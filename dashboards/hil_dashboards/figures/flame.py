"""Where a session's cycles went: an icicle of its call paths; what a function calls stands below it."""

from __future__ import annotations

from typing import Any

from hil.measure.profile import Path, PathCost, Profile
from hil_dashboards.figures.tree import PART_COLOURS, Node, tree_figure

WHOLE = "(all)"  # an id that no function has
_LEAST = 0.001  # of the whole: narrower parts could be neither seen nor pointed at
_BETWEEN = ";"


def totals(profile: Profile) -> dict[Path, int]:
    """Cycles of each call path with all that it calls, over all regions, outer ones before inner ones.

    Every beginning of a path is there; the empty path is the whole.
    """
    found: dict[Path, int] = {(): 0}
    for cost in profile.paths:
        for depth in range(len(cost.path) + 1):
            path = cost.path[:depth]
            found[path] = found.get(path, 0) + cost.cycles
    return dict(sorted(found.items()))


def flame_figure(profile: Profile) -> dict[str, Any]:
    """An icicle of a profile, as wide as cycles are many; the figure is Plotly's JSON."""
    return tree_figure("icicle", flame_nodes(profile), tiling={"orientation": "v", "pad": 1})


def flame_nodes(profile: Profile) -> list[Node]:
    """The whole and its call paths, but for those too narrow to see; values are cycles over all regions.

    A node's id is its path, joined by semicolons; that of the whole is WHOLE.
    """
    held = totals(profile)
    own = {cost.path: cost for cost in profile.paths}
    whole = held[()]
    told = f"{_each(whole, profile)} cycles per inference"
    nodes = [Node(WHOLE, "", "inference", whole, ("inference", told))]
    for path, cycles in held.items():
        if path and cycles > whole * _LEAST:
            lines = (path[-1], *_lines(profile, cycles, whole, own.get(path)))
            nodes.append(Node(_id(path), _id(path[:-1]), path[-1], cycles, lines, colour_of(path[-1])))
    return nodes


def colour_of(function: str) -> str:
    """A function's, the same wherever it is called from, and in every profile."""
    return PART_COLOURS[sum(function.encode()) % len(PART_COLOURS)]


def _id(path: Path) -> str:
    return _BETWEEN.join(path) or WHOLE


def _lines(profile: Profile, cycles: int, whole: int, cost: PathCost | None) -> list[str]:
    share = f"{cycles / whole * 100:.1f} %"
    found = [f"{_each(cycles, profile)} cycles per inference with what it calls, {share}"]
    if cost is not None:
        calls, instructions = _each(cost.calls, profile), _each(cost.instructions, profile)
        found.append(f"{_each(cost.cycles, profile)} of them its own")
        found.append(f"calls per inference: {calls}; its own instructions: {instructions}")
    return found


def _each(count: int, profile: Profile) -> str:
    number = count / profile.regions
    return f"{number:,.0f}" if number >= 10 or number.is_integer() else f"{number:.2f}"
