"""Where a noisy series changed its level: change points over a metric's history, one value per run.

Binary segmentation by the largest difference of two means (Vostrikova, Soviet Math. Doklady 24, 1981), made
fit for the values of a bench: outliers are winsorised, the noise is estimated beside a change and not across
it, and values that follow each other are taken for an AR(1) process (Box and Jenkins, Time Series Analysis),
whose means vary more, so that the slow ups and downs of a machine are no changes. How often it is wrong is
printed by ``benchmarks/change_points.py``, which its threshold was chosen with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hil.measure.latency import median
from hil.measure.noise import Values, noise, variance_of_mean, winsorised

LEAST_HISTORY = 20  # runs: fewer do not tell their noise
LEAST_RUNS = 3  # on either side of a change: fewer are outliers
_THRESHOLD = 4.4  # standard errors, of the largest among all places
_SHORT = 40.0  # and so much over the number of runs: few of them tell their noise badly


@dataclass(frozen=True)
class Change:
    """With run ``index`` the level of a series changed, from the median ``before`` to that ``after``.

    The medians are of the runs from the change before it to the one behind it. ``standard_errors`` is how far
    the two sides lie apart, in standard errors of their difference.
    """

    index: int
    before: float
    after: float
    standard_errors: float

    @property
    def error(self) -> float:
        """One standard error of the difference, 0 where there is no noise."""
        return abs(self.after - self.before) / self.standard_errors


def changes(values: npt.ArrayLike) -> tuple[Change, ...]:
    """The changes of level in ``values``, (runs,), oldest first.

    A series of fewer than ``LEAST_HISTORY`` runs shows none. ValueError when a value is not finite.
    """
    series = np.asarray(values, dtype=np.float64)
    if series.ndim != 1 or not np.isfinite(series).all():
        raise ValueError(f"a series is 1-D and finite, not {series.shape} with NaN or infinity")
    found = _segmented(series) if len(series) >= LEAST_HISTORY else []
    while True:
        ends = [0, *found, len(series)]
        seen = [_change(series, *place) for place in zip(ends, found, ends[2:], strict=False)]
        weak = {
            change.index
            for change, start, stop in zip(seen, ends, ends[2:], strict=False)
            if change.standard_errors <= threshold(stop - start) or change.before == change.after
        }
        if not weak:
            return tuple(seen)
        found = [at for at in found if at not in weak]


def noise_beside(values: npt.ArrayLike, found: Sequence[Change]) -> float:
    """Sigma of ``values`` about the medians between their changes, which is no less when those lie apart."""
    series = np.asarray(values, dtype=np.float64)
    parts = np.split(series, [change.index for change in found])
    return noise(np.concatenate([part - median(part) for part in parts]))[0]


def threshold(runs: int) -> float:
    """How many standard errors make a change, among the splits of a series of so many runs."""
    return _THRESHOLD + _SHORT / runs


def _segmented(series: Values) -> list[int]:
    """Where it changes, each place the clearest between the two that were found before it."""
    found: list[int] = []
    parts = [(0, len(series))]
    while parts:
        start, stop = parts.pop()
        if stop - start < 2 * LEAST_RUNS:
            continue
        errors = _standard_errors(series[start:stop])
        best = int(np.argmax(errors))
        if errors[best] > threshold(stop - start):
            at = start + _placed(series[start:stop], LEAST_RUNS + best)
            found.append(at)
            parts += [(start, at), (at, stop)]
    return sorted(found)


def _placed(part: Values, near: int) -> int:
    """Where the runs before and after it lie closest to the medians of those before and after ``near``.

    A mean's place is drawn to an outlier beside it.
    """
    gained = np.abs(part - median(part[:near])) - np.abs(part - median(part[near:]))
    ends = np.cumsum(gained)[LEAST_RUNS - 1 : len(part) - LEAST_RUNS]
    return LEAST_RUNS + int(np.argmin(ends))


def _change(series: Values, start: int, at: int, stop: int) -> Change:
    errors = _standard_errors(series[start:stop])[at - start - LEAST_RUNS]
    return Change(at, median(series[start:at]), median(series[at:stop]), float(errors))


def _standard_errors(part: Values) -> Values:
    """How far the means before and after each place lie apart; the first place is ``LEAST_RUNS``."""
    count = len(part)
    before = np.arange(LEAST_RUNS, count - LEAST_RUNS + 1)
    after = count - before
    kept = winsorised(part - median(part))
    sums = np.cumsum(kept)
    apart = np.abs((sums[-1] - sums[before - 1]) / after - sums[before - 1] / before)
    if not apart.any():
        return np.asarray(apart)
    clearest = LEAST_RUNS + int(np.argmax(apart / np.sqrt(1 / before + 1 / after)))
    left, right = kept[:clearest], kept[clearest:]
    sigma, correlation = noise(np.concatenate([left - median(left), right - median(right)]))
    if sigma == 0.0:  # two levels without any noise
        return np.where(before == clearest, np.inf, 0.0)
    spread = np.sqrt(variance_of_mean(before, correlation) + variance_of_mean(after, correlation))
    return np.asarray(apart / (sigma * spread))
