"""Where the cycles of a session went: call paths, and from them functions and folded stacks; and classes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

Path = tuple[str, ...]  # functions from the outermost to the innermost


@dataclass(frozen=True)
class PathCost:
    """What was spent in the last function of one call path itself, not in what it called, in all regions.

    ``calls`` counts how often the path was entered by a call; cycles are nominal.
    """

    path: Path
    calls: int
    instructions: int
    cycles: int


@dataclass(frozen=True)
class ClassCost:
    """What instructions of one class cost: ``cycles`` hold the stalls they caused."""

    name: str
    instructions: int
    cycles: int


OTHER = "other"  # a class: what depends on data, or on the way that led to a function


@dataclass(frozen=True)
class FunctionClass:
    """What of a function's own cycles instructions of one class cost, on all paths; never 0."""

    function: str
    name: str
    cycles: int


@dataclass(frozen=True)
class FunctionCost:
    """One function on all paths: ``own`` cycles spent in it, ``total`` with all that it called.

    ``instructions`` are its own. A function that calls itself counts once in ``total``.
    """

    name: str
    calls: int
    instructions: int
    own: int
    total: int


@dataclass(frozen=True)
class Profile:
    """Summed over ``regions`` (inferences of a session, or runs of a function); ``technique`` obtained it.

    ``function_classes`` are empty where nothing told them; else those of a function add up to its own cycles.
    """

    technique: str
    regions: int
    paths: tuple[PathCost, ...]
    classes: tuple[ClassCost, ...]
    function_classes: tuple[FunctionClass, ...] = ()

    @property
    def cycles(self) -> int:
        """Nominal cycles of all regions."""
        return sum(path.cycles for path in self.paths)


def functions(profile: Profile) -> list[FunctionCost]:
    """The functions of a profile, the dearest by its own cycles first."""
    names = {name for cost in profile.paths for name in cost.path}
    found = []
    for name in names:
        here = [cost for cost in profile.paths if cost.path[-1] == name]
        found.append(
            FunctionCost(
                name,
                sum(cost.calls for cost in here),
                sum(cost.instructions for cost in here),
                sum(cost.cycles for cost in here),
                sum(cost.cycles for cost in profile.paths if name in cost.path),
            )
        )
    return sorted(found, key=lambda cost: (-cost.own, -cost.total, cost.name))


def folded(paths: Iterable[PathCost]) -> list[str]:
    """Lines for flame graphs, `outer;inner cycles`, as Brendan Gregg's stackcollapse scripts write them."""
    return [f"{';'.join(cost.path)} {cost.cycles}" for cost in sorted(paths, key=lambda cost: cost.path)]
