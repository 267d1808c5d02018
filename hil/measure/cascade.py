"""How often a two-tier model runs its second tier, and what either way costs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hil import metrics
from hil.measure.latency import median
from hil.values import Measure, Method, Samples


def tier_measures(outputs: npt.NDArray[np.generic], path_output: int, cost: Samples) -> tuple[Measure, ...]:
    """The rate of the second tier, and the median costs of the vectors that took either way.

    ``outputs`` is (vectors, outputs), of which column ``path_output`` is 1 where both tiers ran and 0 where
    the lower one did alone; ``cost`` holds one value per vector. ``cascade_rate`` is 0 to 1; the costs are
    called after their metric, as ``instructions_lower`` and ``instructions_both``. A way that no vector took
    has none, and a vector that tells neither counts for none.
    """
    both, lower = outputs[:, path_output] == 1, outputs[:, path_output] == 0
    told = int(np.count_nonzero(both | lower))
    if told == 0:
        return ()
    share = int(np.count_nonzero(both)) / told
    rate = metrics.CASCADE_RATE.measure(share, Method.COUNTED, "path", 1 / told)
    values = cost.values.astype(np.float64)
    costs = (
        Measure(
            cost.metric + tier.suffix, median(values[taken]), cost.unit, cost.method, cost.technique,
            cost.resolution,
        )
        for tier, taken in ((metrics.LOWER_TIER, lower), (metrics.BOTH_TIERS, both))
        if taken.any()
    )  # fmt: skip
    return (rate, *costs)
