"""What a cycle model says of regions of code: an inference, a call of a function, a whole program."""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

from hil.measure.profile import OTHER, ClassCost, FunctionClass, PathCost, Profile

_FLOAT_KINDS = (
    "fp",
    "fp multiply-accumulate",
    "fp divide",
)  # loads, stores and moves are as sure as integers


@dataclass(frozen=True)
class KindCost:
    """Instructions of one class in a region, and their cycles at least, nominally and at most."""

    instructions: int
    low: int
    nominal: int
    high: int


@dataclass(frozen=True)
class StackUse:
    """A stack's highest address, and how far below it SP went."""

    top: int
    bytes: int


@dataclass(frozen=True)
class TaskCost:
    """What tasks spent while a region of another one waited; nominal cycles."""

    instructions: int
    cycles: int


@dataclass(frozen=True)
class RegionCost:
    """What one region cost.

    ``sequence`` is the number that the firmware gave it, None where nobody did. ``complete``: it was left as
    it should be. ``instructions`` are counted, cycles estimated; ``low`` and ``high`` are what the model
    leaves open, its error apart. ``stack_bytes`` is how deep the stack went below where the region began,
    not more than a lower bound unless ``stack_exact``; ``sp_read``: a register told SP where without it there
    would have been a guess, which needs a newer QEMU. ``stack_total_bytes`` is how deep it went below where
    SP is at reset, None where that is not known. ``unknown`` counts executed instructions that the model does
    not know, ``unknown_example`` shows one.

    ``stacks`` are all that a whole program used; the deepest gives its ``stack_bytes``. ``other_tasks`` is
    what other tasks spent meanwhile, which is not in the region's figures; unless ``tasks_sure`` some of it
    may be, or some of the region's be missing. ``other_stacks_cycles`` are those of the region's cycles that
    were spent on another stack than it began on, exceptions apart.

    ``functions`` are nominal cycles by function and class, as far as they are one function's for sure.
    """

    sequence: int | None
    complete: bool
    instructions: int
    low: int
    nominal: int
    high: int
    stack_bytes: int
    stack_exact: bool
    sp_read: bool
    stack_total_bytes: int | None
    unknown: int
    unknown_example: str | None
    kinds: Mapping[str, KindCost]
    paths: tuple[PathCost, ...]
    stacks: tuple[StackUse, ...] = ()
    other_tasks: TaskCost = TaskCost(0, 0)
    tasks_sure: bool = True
    other_stacks_cycles: int = 0
    functions: tuple[tuple[str, str, int], ...] = ()

    @property
    def float_share(self) -> float:
        """The part of the nominal cycles that floating-point arithmetic takes, 0 to 1."""
        spent = sum(cost.nominal for name, cost in self.kinds.items() if name in _FLOAT_KINDS)
        return spent / self.nominal if self.nominal else 0.0


class CoreTrace(Protocol):
    """Watches the core from outside while it runs an image that marks its regions.

    ``begin`` names the image that runs next and forgets what came before; ``take`` gives the regions that
    ended since, in their order; ``why_lost`` says why some may be missing, where that can be seen.
    """

    @property
    def technique(self) -> str: ...

    def begin(self, elf: Path) -> None: ...

    def take(self) -> list[RegionCost]: ...

    def why_lost(self) -> str | None: ...


@dataclass(frozen=True)
class Calibration:
    """How far the model is from silicon: relative errors of nominal cycles, from published figures.

    ``integer`` and ``floating`` are the largest errors to expect where no or all cycles are floating-point.
    """

    version: str
    integer: float
    floating: float

    @property
    def technique(self) -> str:
        """The technique of figures by this model; figures of two versions are not comparable."""
        return f"cycle-model-{self.version}"

    def error(self, float_share: float) -> float:
        """The relative error to expect, by the share of floating-point cycles."""
        return self.integer + (self.floating - self.integer) * float_share

    def band(self, region: RegionCost) -> tuple[float, float]:
        """Where silicon's cycles are expected: what the model leaves open, and its error on either side."""
        error = self.error(region.float_share)
        return region.low * (1 - error), region.high * (1 + error)


@cache
def calibration() -> Calibration:
    """The table that comes with the lab, docs/cycle-model.md says how it was made."""
    table = tomllib.loads((Path(__file__).parent / "calibration.toml").read_text(encoding="utf-8"))
    band = table["band"]
    return Calibration(table["model_version"], band["integer"], band["floating"])


def middle(regions: Sequence[RegionCost]) -> RegionCost:
    """The region of the median nominal cycles, the lower one of two; ValueError when there are none."""
    if not regions:
        raise ValueError("no region")
    return sorted(regions, key=lambda region: region.nominal)[(len(regions) - 1) // 2]


def profile(regions: Iterable[RegionCost], technique: str) -> Profile:
    """The profiles of regions, summed."""
    paths: dict[tuple[str, ...], list[int]] = {}
    kinds: dict[str, list[int]] = {}
    functions: dict[tuple[str, str], int] = defaultdict(int)
    count, told = 0, True
    for region in regions:
        count += 1
        told &= bool(region.functions)
        for function, name, cycles in region.functions:
            functions[function, name] += cycles
        for path in region.paths:
            _add(paths.setdefault(path.path, [0, 0, 0]), path.calls, path.instructions, path.cycles)
        for name, kind in region.kinds.items():
            _add(kinds.setdefault(name, [0, 0]), kind.instructions, kind.nominal)
    return Profile(
        technique,
        count,
        tuple(PathCost(path, *sums) for path, sums in sorted(paths.items())),
        tuple(ClassCost(name, *sums) for name, sums in sorted(kinds.items(), key=_dearest_first)),
        _function_classes(functions, paths) if told else (),
    )


def _function_classes(
    functions: dict[tuple[str, str], int], paths: Mapping[tuple[str, ...], Sequence[int]]
) -> tuple[FunctionClass, ...]:
    """With what is left of each function's own cycles as a class of its own."""
    left: dict[str, int] = defaultdict(int)
    for path, (_, _, cycles) in paths.items():
        left[path[-1]] += cycles
    for (function, _), cycles in functions.items():
        left[function] -= cycles
    rest = {(function, OTHER): cycles for function, cycles in left.items()}
    found = [(*key, cycles) for key, cycles in {**functions, **rest}.items() if cycles]
    return tuple(FunctionClass(*one) for one in sorted(found))


def _dearest_first(item: tuple[str, list[int]]) -> tuple[int, str]:
    name, (_, cycles) = item
    return -cycles, name


def _add(sums: list[int], *more: int) -> None:
    for place, value in enumerate(more):
        sums[place] += value
