"""Why a value changed: the functions and instruction classes, the symbols, or the vectors that did."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from hil.measure.profile import PathCost, Profile

if TYPE_CHECKING:  # it reads ELF files, whose parser is slow to import
    from hil.measure.memory import SymbolUse

_ALIKE = 0.5  # of the larger: a function that went and one that came, of one caller, are one renamed


@dataclass(frozen=True)
class Part:
    """What a function, class or symbol took, before and after; 0 where it was not there.

    ``was`` is the name it had before. ``joined`` are functions whose cost is in ``before`` because they are
    now a part of it, or in ``after`` because they were.
    """

    name: str
    before: float
    after: float
    was: str | None = None
    joined: tuple[str, ...] = ()

    @property
    def more(self) -> float:
        """By how much it grew."""
        return self.after - self.before


@dataclass(frozen=True)
class Turned:
    """A vector that changed its class."""

    vector: int
    before: int
    after: int


def functions_changed(before: Profile, after: Profile, *, instructions: bool = False) -> tuple[Part, ...]:
    """The functions whose own cycles (or ``instructions``) an inference changed, the most first.

    A function that is gone is looked for in one that its caller calls instead, of a like cost, then in the
    caller itself, as compilers inline; and a new one likewise.
    """
    old, new = _own(before, instructions), _own(after, instructions)
    gone, come = set(old) - set(new), set(new) - set(old)
    callers_before, callers_after = _callers(before.paths), _callers(after.paths)
    parts: dict[str, Part] = {name: Part(name, old.get(name, 0.0), new[name]) for name in new}
    for name in sorted(gone, key=lambda name: (-old[name], name)):
        alike = [
            other
            for other in come
            if callers_after[other] & callers_before[name] and _are_alike(old[name], new[other])
        ]
        if alike:
            other = min(alike, key=lambda other: (abs(new[other] - old[name]), other))
            come.discard(other)
            parts[other] = Part(other, old[name], new[other], was=name)
            continue
        caller = next((one for one in sorted(callers_before[name]) if one in old and one in new), None)
        if caller is not None and new[caller] > old[caller]:
            held = parts[caller]
            parts[caller] = Part(caller, held.before + old[name], held.after, held.was, (*held.joined, name))
            continue
        parts[name] = Part(name, old[name], 0.0)
    for name in sorted(come, key=lambda name: (-new[name], name)):
        caller = next((one for one in sorted(callers_after[name]) if one in old and one in new), None)
        if caller is not None and new[caller] < old[caller]:
            held = parts[caller]
            parts[caller] = Part(caller, held.before, held.after + new[name], held.was, (*held.joined, name))
            del parts[name]
    return _changed(parts.values())


def classes_of_function(before: Profile, after: Profile, part: Part) -> tuple[Part, ...]:
    """Those of what ``functions_changed`` told of one function; nothing where no profile tells them."""
    if not (before.function_classes and after.function_classes):
        return ()
    names = ({part.was or part.name, *part.joined}, {part.name, *part.joined})
    return _changed(_parts(*(_of_functions(*side) for side in zip((before, after), names, strict=True))))


def classes_changed(before: Profile, after: Profile) -> tuple[Part, ...]:
    """The classes of instructions whose cycles an inference changed, the most first."""
    old, new = (
        {one.name: one.cycles / profile.regions for one in profile.classes} for profile in (before, after)
    )
    return _changed(_parts(old, new))


def symbols_changed(
    before: Iterable[SymbolUse], after: Iterable[SymbolUse], *, ram: bool = False
) -> tuple[Part, ...]:
    """The symbols whose bytes of flash (or of ``ram``) changed, the most first; those of one name are one."""
    old, new = (_bytes(symbols, ram) for symbols in (before, after))
    return _changed(_parts(old, new))


def most_of(parts: Sequence[Part]) -> Part | None:
    """The one that did most of the change, in its direction; the parts are the most first."""
    whole = sum(part.more for part in parts)
    return next((part for part in parts if part.more * whole > 0), next(iter(parts), None))


def vectors_turned(before: npt.NDArray[np.generic], after: npt.NDArray[np.generic]) -> tuple[Turned, ...]:
    """The vectors whose predicted class changed, in their order; (vectors,) each, ValueError for others."""
    if before.shape != after.shape or before.ndim != 1:
        raise ValueError(f"classes of {before.shape} and {after.shape} vectors are not pairs")
    places = np.flatnonzero(before != after)
    return tuple(
        Turned(int(place), int(old), int(new))
        for place, old, new in zip(places, before[places], after[places], strict=True)
    )


def _own(profile: Profile, instructions: bool) -> dict[str, float]:
    found: dict[str, float] = defaultdict(float)
    for cost in profile.paths:
        found[cost.path[-1]] += (cost.instructions if instructions else cost.cycles) / profile.regions
    return dict(found)


def _of_functions(profile: Profile, names: set[str]) -> dict[str, float]:
    found: dict[str, float] = defaultdict(float)
    for one in profile.function_classes:
        if one.function in names:
            found[one.name] += one.cycles / profile.regions
    return found


def _callers(paths: Sequence[PathCost]) -> Mapping[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for cost in paths:
        found[cost.path[-1]].update(cost.path[-2:-1])
    return found


def _are_alike(one: float, other: float) -> bool:
    return abs(one - other) <= _ALIKE * max(one, other)


def _bytes(symbols: Iterable[SymbolUse], ram: bool) -> dict[str, float]:
    found: dict[str, float] = defaultdict(float)
    for one in symbols:
        found[one.name] += one.ram_bytes if ram else one.flash_bytes
    return dict(found)


def _parts(old: Mapping[str, float], new: Mapping[str, float]) -> list[Part]:
    return [Part(name, old.get(name, 0.0), new.get(name, 0.0)) for name in {*old, *new}]


def _changed(parts: Iterable[Part]) -> tuple[Part, ...]:
    moved = [part for part in parts if part.more != 0]
    return tuple(sorted(moved, key=lambda part: (-abs(part.more), part.name)))
