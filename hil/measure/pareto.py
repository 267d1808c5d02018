"""Which of several things nobody would choose: another is in nothing worse, and in something better."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

K = TypeVar("K", bound=Hashable)


def dominators(points: Mapping[K, Sequence[float]], higher: Sequence[bool]) -> dict[K, list[K]]:
    """For each point those that dominate it: in no coordinate worse and in one better.

    ``higher`` says of each coordinate whether more is better. Equal points do not dominate each other. A
    point that none dominates is on the front.
    """
    signed = {
        key: tuple(-one if more else one for one, more in zip(point, higher, strict=True))
        for key, point in points.items()
    }
    return {
        key: [other for other, held in signed.items() if held != point and _no_worse(held, point)]
        for key, point in signed.items()
    }


def _no_worse(one: Sequence[float], other: Sequence[float]) -> bool:
    return all(mine <= its for mine, its in zip(one, other, strict=True))
