"""Where a noisy series changed its level: change points over a metric's history, one value per run.

Binary segmentation by the largest difference of two means (Vostrikova, Soviet Math. Doklady 24, 1981), made
fit for the values of a bench: outliers are winsorised, the noise is estimated beside a change and not across
it, and values that follow each other are taken for an AR(1) process (Box and Jenkins, Time Series Analysis),
whose means vary more, so that the slow ups and downs of a machine are no changes. How often it is wrong is
printed by ``benchmarks/change_points.py``, which its threshold was chosen with.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hil.measure.latency import median

LEAST_HISTORY = 20  # runs: fewer do not tell their noise
LEAST_RUNS = 3  # on either side of a change: fewer are outliers
_OUTLIER_SIGMAS = 3.0
_MAD_SIGMA = 1.4826  # a normal distribution's sigma over its median absolute deviation
_MOST_CORRELATION = 0.9
_THRESHOLD = 4.4  # standard errors, of the largest among all places
_SHORT = 40.0  # and so much over the number of runs: few of them tell their noise badly

_Values = npt.NDArray[np.float64]


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
            if change.standard_errors <= _threshold(stop - start) or change.before == change.after
        }
        if not weak:
            return tuple(seen)
        found = [at for at in found if at not in weak]


def _segmented(series: _Values) -> list[int]:
    """Where it changes, each place the clearest between the two that were found before it."""
    found: list[int] = []
    parts = [(0, len(series))]
    while parts:
        start, stop = parts.pop()
        if stop - start < 2 * LEAST_RUNS:
            continue
        errors = _standard_errors(series[start:stop])
        best = int(np.argmax(errors))
        if errors[best] > _threshold(stop - start):
            at = start + _placed(series[start:stop], LEAST_RUNS + best)
            found.append(at)
            parts += [(start, at), (at, stop)]
    return sorted(found)


def _placed(part: _Values, near: int) -> int:
    """Where the runs before and after it lie closest to the medians of those before and after ``near``.

    A mean's place is drawn to an outlier beside it.
    """
    gained = np.abs(part - median(part[:near])) - np.abs(part - median(part[near:]))
    ends = np.cumsum(gained)[LEAST_RUNS - 1 : len(part) - LEAST_RUNS]
    return LEAST_RUNS + int(np.argmin(ends))


def _change(series: _Values, start: int, at: int, stop: int) -> Change:
    errors = _standard_errors(series[start:stop])[at - start - LEAST_RUNS]
    return Change(at, median(series[start:at]), median(series[at:stop]), float(errors))


def _threshold(runs: int) -> float:
    return _THRESHOLD + _SHORT / runs


def _standard_errors(part: _Values) -> _Values:
    """How far the means before and after each place lie apart; the first place is ``LEAST_RUNS``."""
    count = len(part)
    before = np.arange(LEAST_RUNS, count - LEAST_RUNS + 1)
    after = count - before
    kept = _winsorised(part - median(part))
    sums = np.cumsum(kept)
    apart = np.abs((sums[-1] - sums[before - 1]) / after - sums[before - 1] / before)
    if not apart.any():
        return np.asarray(apart)
    clearest = LEAST_RUNS + int(np.argmax(apart / np.sqrt(1 / before + 1 / after)))
    left, right = kept[:clearest], kept[clearest:]
    sigma, correlation = _noise(np.concatenate([left - median(left), right - median(right)]))
    if sigma == 0.0:  # two levels without any noise
        return np.where(before == clearest, np.inf, 0.0)
    spread = np.sqrt(_variance_of_mean(before, correlation) + _variance_of_mean(after, correlation))
    return np.asarray(apart / (sigma * spread))


def _winsorised(residuals: _Values) -> _Values:
    """Values about 0, with those beyond a few sigma drawn in; sigma is estimated by what most of them do."""
    deviations = np.abs(residuals)
    sigma = _MAD_SIGMA * median(deviations) or float(deviations.mean())
    return np.clip(residuals, -_OUTLIER_SIGMAS * sigma, _OUTLIER_SIGMAS * sigma)


def _noise(residuals: _Values) -> tuple[float, float]:
    """(sigma, correlation of one run with the next) of values about 0.

    The correlation is drawn up by its own bias in a short series (Kendall, Biometrika 41, 1954) and by one
    standard error: to take it for too small means false alarms.
    """
    kept = _winsorised(residuals)
    count, power = len(kept), float(kept @ kept)
    if power == 0.0:
        return 0.0, 0.0
    seen = float(kept[:-1] @ kept[1:]) / power
    unbiased = seen + (1 + 3 * max(seen, 0.0)) / count
    likely = unbiased + np.sqrt(max(0.0, 1 - unbiased**2) / count)
    return float(np.sqrt(power / (count - 2))), float(np.clip(likely, 0.0, _MOST_CORRELATION))


def _variance_of_mean(count: npt.NDArray[np.int64], correlation: float) -> _Values:
    """Of the mean of ``count`` values of an AR(1) process, in variances of one of them."""
    rest = 1 - correlation
    ends = 2 * correlation * (1 - correlation**count) / (rest**2 * count**2)
    return np.asarray((1 + correlation) / (rest * count) - ends)
