"""How often a two-tier model runs its second tier, and what either way costs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from hil import metrics
from hil.measure.latency import median
from hil.values import Measure, Method, Samples


def tier_measures(
    outputs: npt.NDArray[np.generic],
    path_output: int,
    cost: Samples,
    conditions: Mapping[str, str | float] | None = None,
) -> tuple[Measure, ...]:
    """The rate of the second tier, and the ``tier_costs`` of the vectors that took either way.

    ``outputs`` is (vectors, outputs), of which column ``path_output`` is 1 where both tiers ran and 0 where
    the lower one did alone. ``cascade_rate`` is 0 to 1. A vector that tells neither counts for none.
    """
    both, lower = _ways(outputs, path_output)
    told = int(np.count_nonzero(both | lower))
    if told == 0:
        return ()
    share = int(np.count_nonzero(both)) / told
    rate = metrics.CASCADE_RATE.measure(share, Method.COUNTED, "path", 1 / told)
    return (rate, *tier_costs(outputs, path_output, cost, conditions))


def tier_costs(
    outputs: npt.NDArray[np.generic],
    path_output: int,
    cost: Samples,
    conditions: Mapping[str, str | float] | None = None,
    bands: npt.NDArray[np.float64] | None = None,
) -> tuple[Measure, ...]:
    """The median costs of the vectors that took either way; none of a way that no vector took.

    ``cost`` holds one value per vector, ``bands`` (vectors, 2) where each is expected, ``conditions`` what
    they hold for. Costs are called after their metric, as ``instructions_lower`` and ``instructions_both``.
    """
    both, lower = _ways(outputs, path_output)
    values = cost.values.astype(np.float64)
    return tuple(
        Measure(
            cost.metric + tier.suffix, median(values[taken]), cost.unit, cost.method, cost.technique,
            cost.resolution, None if bands is None else (median(bands[taken, 0]), median(bands[taken, 1])),
            dict(conditions or {}),
        )
        for tier, taken in ((metrics.LOWER_TIER, lower), (metrics.BOTH_TIERS, both))
        if taken.any()
    )  # fmt: skip


def _ways(
    outputs: npt.NDArray[np.generic], path_output: int
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Which vectors took both tiers, and which the lower one alone."""
    return outputs[:, path_output] == 1, outputs[:, path_output] == 0
