"""The noise of values that follow each other: outliers drawn in, and how much each resembles the one before.

A bench's values have outliers, and slow ups and downs that make a mean vary more than that of independent
values does: they are taken for an AR(1) process (Box and Jenkins, Time Series Analysis).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hil.measure.latency import median

_OUTLIER_SIGMAS = 3.0
_MAD_SIGMA = 1.4826  # a normal distribution's sigma over its median absolute deviation
_MOST_CORRELATION = 0.9

Values = npt.NDArray[np.float64]


def winsorised(residuals: Values) -> Values:
    """Values about 0, with those beyond a few sigma drawn in; sigma is estimated by what most of them do."""
    deviations = np.abs(residuals)
    sigma = _MAD_SIGMA * median(deviations) or float(deviations.mean())
    return np.clip(residuals, -_OUTLIER_SIGMAS * sigma, _OUTLIER_SIGMAS * sigma)


def noise(residuals: Values) -> tuple[float, float]:
    """(sigma, correlation of one run with the next) of values about 0.

    The correlation is drawn up by its own bias in a short series (Kendall, Biometrika 41, 1954) and by one
    standard error: to take it for too small means false alarms.
    """
    kept = winsorised(residuals)
    count, power = len(kept), float(kept @ kept)
    if power == 0.0:
        return 0.0, 0.0
    seen = float(kept[:-1] @ kept[1:]) / power
    unbiased = seen + (1 + 3 * max(seen, 0.0)) / count
    likely = unbiased + np.sqrt(max(0.0, 1 - unbiased**2) / count)
    return float(np.sqrt(power / (count - 2))), float(np.clip(likely, 0.0, _MOST_CORRELATION))


def variance_of_mean(count: npt.NDArray[np.int64], correlation: float) -> Values:
    """Of the mean of ``count`` values of an AR(1) process, in variances of one of them."""
    rest = 1 - correlation
    ends = 2 * correlation * (1 - correlation**count) / (rest**2 * count**2)
    return np.asarray((1 + correlation) / (rest * count) - ends)
