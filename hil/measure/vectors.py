"""How values changed vector by vector: a median does not tell what fewer than half of them do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_ROUNDING = 1e-9  # of what changed: values in microseconds are no whole numbers


@dataclass(frozen=True)
class Pair:
    """One vector's value before and after."""

    vector: int
    before: float
    after: float


@dataclass(frozen=True)
class Moved:
    """So many of ``count`` vectors changed: by ``net`` in the mean of all, by ``apart`` without the signs.

    ``before`` is the mean. ``more`` and ``less`` are those that went up and down most, None where none did.
    """

    changed: int
    count: int
    before: float
    net: float
    apart: float
    more: Pair | None
    less: Pair | None

    @property
    def most(self) -> Pair:
        """The one that changed most."""
        found = [one for one in (self.more, self.less) if one is not None]
        return max(found, key=lambda one: abs(one.after - one.before))

    @property
    def told(self) -> str:
        """It in a few words: ``7 of 20 vectors changed: +5 % in all, +100 % at most (vector 3)``."""
        most = self.most
        which = f"{self.changed} of {self.count}" if self.changed < self.count else f"all {self.count}"
        whole, alone = _moved(self.before, self.net), _moved(most.before, most.after - most.before)
        return f"{which} vectors changed: {whole} in all, {alone} at most (vector {most.vector})"


def moved(before: npt.NDArray[np.generic], after: npt.NDArray[np.generic], step: float = 0.0) -> Moved | None:
    """What changed by more than a ``step`` of its counter, (vectors,) each in one order; None for nothing.

    ValueError for values that are not pairs.
    """
    if before.shape != after.shape or before.ndim != 1:
        raise ValueError(f"values of {before.shape} and {after.shape} vectors are not pairs")
    old, new = before.astype(np.float64), after.astype(np.float64)
    apart = np.where(np.abs(new - old) > step, new - old, 0.0)
    if not apart.any():
        return None

    def pair(place: np.intp) -> Pair | None:
        return Pair(int(place), float(old[place]), float(new[place])) if apart[place] else None

    whole = float(np.abs(apart).sum())
    more, less = (np.argmax(one >= one.max() * (1 - _ROUNDING)) for one in (apart, -apart))
    return Moved(
        int(np.count_nonzero(apart)),
        len(old),
        float(old.mean()),
        0.0 if abs(apart.sum()) <= _ROUNDING * whole else float(apart.mean()),
        whole / len(old),
        pair(more) if apart[more] > 0 else None,
        pair(less) if apart[less] < 0 else None,
    )


def signed_percent(share: float) -> str:
    """A share as people read a change: ``+5.2 %``."""
    points = share * 100
    return f"{points:+,.0f} %" if abs(points) >= 100 else f"{points:+.3g} %"


def _moved(before: float, more: float) -> str:
    return signed_percent(more / abs(before)) if before else f"{more:+g}"
