"""Windows of a board whose sync pin no probe sees, by the shape of its current alone.

Before and after a repeat the board waits, and takes less. So there is one stretch of more current that lasts
as long as the board counted, give or take what it does before its first inference and after its last. It is
cut into the windows that the board counted. Where there is no such stretch, or another one like it, there are
no windows. What a probe loses without telling shows by the edges of a pin alone, where it is less than the
clocks may differ by.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from hil.measure.windows import Window, Windows
from hil.power.base import PowerTrace

WAY = "by shape"
_MEAN_S = 1e-3  # over which a current is averaged before it is looked at
_APART = 1.5  # times as much current as while the board waits, at least
_BEFORE_S = 5e-3  # which a board takes to understand the request and to answer, at most
_ENDS = 2  # means that a stretch's ends may be off
_CLEAR = 0.5  # of the stretch's length: another one is shorter than that

_WIRE = "wire a logic input of the probe to the board's sync pin"


def windows_by_shape(
    trace: PowerTrace, spans_s: Sequence[float], per_window: int, clock_share: float
) -> Windows:
    """The windows of the one stretch of current that lasts as long as ``spans_s`` together.

    The arguments are those of ``hil.measure.windows.windows``. The technique of figures from these windows
    says how they were found.
    """
    if not spans_s or len(spans_s) % per_window or min(spans_s) <= 0:
        raise ValueError(f"{len(spans_s)} spans do not fill windows of {per_window}")
    each = max(1, round(_MEAN_S * trace.rate_hz))
    means = _means(trace.current_a, each)
    threshold = _threshold(means)
    if threshold is None:
        return _refused("the current of the board's work is not clear of that of its rest")
    meant = sum(spans_s) * trace.rate_hz
    begins, ends = _stretches(means > threshold)
    begins, ends = begins * each, ends * each
    lengths = ends - begins
    off = _ENDS * each + clock_share * meant
    fits = (lengths >= meant - off) & (lengths <= meant + off + _BEFORE_S * trace.rate_hz)
    if not fits.any():
        longest = max(lengths.tolist(), default=0) / trace.rate_hz
        return _refused(
            f"no stretch of current lasts {meant / trace.rate_hz:.3f} s as the board counted, "
            f"the longest {longest:.3f} s"
        )
    if np.count_nonzero(lengths > _CLEAR * meant) > 1:
        return _refused("more than one stretch of current may be what the board repeated")
    (place,) = np.flatnonzero(fits)
    begin = begins[place] + max(0.0, (lengths[place] - meant) / 2)
    at = np.rint(begin + np.cumsum([0.0, *spans_s]) * trace.rate_hz).astype(int)[::per_window].tolist()
    held = [
        Window(first, last, trace.energy_j(first, last), trace.wrong_within(first, last))
        for first, last in pairwise(at)
    ]
    return Windows(tuple(held), way=WAY)


def _means(current_a: npt.NDArray[np.float32], each: int) -> npt.NDArray[np.float64]:
    """Over so many samples; those that tell nothing are 0, so that they end a stretch."""
    whole = current_a[: len(current_a) // each * each].astype(np.float64)
    return np.asarray(np.nan_to_num(whole.reshape(-1, each).mean(axis=1)))


def _threshold(means: npt.NDArray[np.float64]) -> float | None:
    """Halfway from rest to work; None where they are not clear of each other.

    They are told apart where the means lie closest to those on their side (Otsu, 1979).
    """
    if len(means) < 2:
        return None
    ordered = np.sort(means)
    count = np.arange(1, len(ordered))
    sums = np.cumsum(ordered)[:-1]
    low, high = sums / count, (ordered.sum() - sums) / (len(ordered) - count)
    best = int(np.argmax(count * (len(ordered) - count) * (high - low) ** 2))
    rest_a, work_a = float(np.median(ordered[: best + 1])), float(np.median(ordered[best + 1 :]))
    return (rest_a + work_a) / 2 if work_a > _APART * max(rest_a, 0.0) else None


def _stretches(above: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Where they begin, and where they have ended; one that the trace cuts is none."""
    changes = np.flatnonzero(above[1:] != above[:-1]) + 1
    if len(changes) and not above[changes[0]]:
        changes = changes[1:]
    whole = changes[: len(changes) // 2 * 2]
    return whole[::2], whole[1::2]


def _refused(why: str) -> Windows:
    return Windows((), f"{why}: {_WIRE}")
