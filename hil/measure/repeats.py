"""What repeats over resets tell of a value: an interval that holds the truth 95 times in a hundred.

What is measured after one reset resembles itself: temperature, caches and where a probe's ranges lie stay as
they are. So a reset counts once, however many windows it has.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from hil.measure.latency import median

# Student's t, 97.5 %, for 1, 2, … degrees of freedom.
_T = (
    12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281,
    2.2010, 2.1788, 2.1604, 2.1448, 2.1314, 2.1199, 2.1098, 2.1009, 2.0930, 2.0860,
)  # fmt: skip
_NORMAL = 1.959964

Values = npt.NDArray[np.float64]


def students_t(freedom: int) -> float:
    """The 97.5 % quantile of Student's distribution with ``freedom`` degrees, 1 or more."""
    if freedom <= len(_T):
        return _T[freedom - 1]
    z = _NORMAL  # Cornish and Fisher, 1937
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / freedom + second / freedom**2 + third / freedom**3


def interval(resets: Sequence[Values]) -> tuple[float, float] | None:
    """Where the true value is expected, of the values after each reset; None for fewer than two resets.

    By Student's distribution of the resets' medians.
    """
    middles = np.array([median(values) for values in resets if len(values)])
    if len(middles) < 2:
        return None
    reach = students_t(len(middles) - 1) * float(np.std(middles, ddof=1)) / float(np.sqrt(len(middles)))
    middle = float(middles.mean())
    return middle - reach, middle + reach
