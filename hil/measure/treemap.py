"""Areas in proportion to sizes: squarified treemaps (Bruls, Huizing, van Wijk, Data Visualization 2000)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Box(NamedTuple):
    """A rectangle by its upper left corner, its width and its height."""

    x: float
    y: float
    width: float
    height: float


def squarified(sizes: Sequence[float], within: Box) -> list[Box]:
    """A box for each size, in their order, that together fill the one given.

    The sizes are positive; largest first they give the squarest boxes.
    """
    whole = sum(sizes)
    if not sizes or whole <= 0 or within.width <= 0 or within.height <= 0:
        return [Box(within.x, within.y, 0.0, 0.0) for _ in sizes]
    scale = within.width * within.height / whole
    areas = [size * scale for size in sizes]
    boxes: list[Box] = []
    left = within
    first = 0
    while first < len(areas):
        side = min(left.width, left.height)
        last = first + 1
        while last < len(areas) and _worst(areas[first : last + 1], side) <= _worst(areas[first:last], side):
            last += 1
        row, left = _row(areas[first:last], left)
        boxes += row
        first = last
    return boxes


def _worst(areas: Sequence[float], side: float) -> float:
    """The longest side over the shortest of boxes that share a strip along ``side``."""
    whole = sum(areas)
    if whole <= 0 or side <= 0:
        return float("inf")
    most, least = max(areas), min(areas)
    if least <= 0:
        return float("inf")
    return max(side**2 * most / whole**2, whole**2 / (side**2 * least))


def _row(areas: Sequence[float], left: Box) -> tuple[list[Box], Box]:
    """Boxes side by side along the shorter side of what is left, and what is left then."""
    whole = sum(areas)
    across = left.width >= left.height
    side = left.height if across else left.width
    thick = whole / side if side > 0 else 0.0
    boxes, at = [], 0.0
    for area in areas:
        long = area / thick if thick > 0 else 0.0
        if across:
            boxes.append(Box(left.x, left.y + at, thick, long))
        else:
            boxes.append(Box(left.x + at, left.y, long, thick))
        at += long
    if across:
        return boxes, Box(left.x + thick, left.y, max(left.width - thick, 0.0), left.height)
    return boxes, Box(left.x, left.y + thick, left.width, max(left.height - thick, 0.0))
