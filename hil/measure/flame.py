"""The frames of a flame graph: call paths of a profile, and by how much each grew since another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hil.measure.profile import Path, Profile


@dataclass(frozen=True)
class Frame:
    """A function on one call path, ``start`` and ``width`` as shares of the whole, ``depth`` from 0.

    Cycles are of an inference, ``own`` without and ``total`` with what the function calls; those before are
    None where there is nothing to compare with, and 0 for a path that was not there.
    """

    path: Path
    depth: int
    start: float
    width: float
    own: float
    total: float
    own_before: float | None = None
    total_before: float | None = None

    @property
    def more(self) -> float | None:
        """By how many own cycles it grew."""
        return None if self.own_before is None else self.own - self.own_before


def frames(profile: Profile, before: Profile | None = None) -> tuple[Frame, ...]:
    """The frames of a profile, callers before what they call, and beside each other by their names."""
    own, total = _costs(profile)
    own_before, total_before = _costs(before) if before is not None else ({}, {})
    whole = sum(cost for path, cost in total.items() if len(path) == 1)
    if whole <= 0:
        return ()
    starts: dict[Path, float] = {(): 0.0}
    found = []
    for path in sorted(total):
        start = starts[path[:-1]]
        width = total[path] / whole
        starts[path[:-1]] = start + width
        starts[path] = start
        then = (None, None) if before is None else (own_before.get(path, 0.0), total_before.get(path, 0.0))
        found.append(Frame(path, len(path) - 1, start, width, own.get(path, 0.0), total[path], *then))
    return tuple(found)


def gone(profile: Profile, before: Profile) -> tuple[tuple[Path, float], ...]:
    """The call paths that only the older profile has, with their own cycles of an inference, most first."""
    _, total = _costs(profile)
    own_before, _ = _costs(before)
    left = [(path, cost) for path, cost in own_before.items() if path not in total and cost > 0]
    return tuple(sorted(left, key=lambda one: (-one[1], one[0])))


def _costs(profile: Profile) -> tuple[Mapping[Path, float], Mapping[Path, float]]:
    """Own and total cycles of an inference by path; callers without a cost of their own are there too."""
    own: dict[Path, float] = {}
    total: dict[Path, float] = {}
    for cost in profile.paths:
        cycles = cost.cycles / profile.regions
        own[cost.path] = own.get(cost.path, 0.0) + cycles
        for depth in range(1, len(cost.path) + 1):
            total[cost.path[:depth]] = total.get(cost.path[:depth], 0.0) + cycles
    return own, total
