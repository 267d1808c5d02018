"""What an inference costs, from the ticks that the board's own counter counted."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from hil.kinds import Counter, Kind
from hil.metrics import LATENCY_CYCLES, LATENCY_US
from hil.values import Measure, Samples


def cost_samples(ticks: npt.NDArray[np.uint32], counter: Counter) -> Samples:
    """One value per vector, (vectors,), in the counter's unit."""
    values = ticks.astype(np.int64) * counter.per_tick
    exact = values.astype(np.int64) if float(counter.per_tick).is_integer() else values
    resolution = float(counter.per_tick)
    return counter.metric.samples(exact, counter.method, counter.technique, resolution)


def cost_per_inference(
    samples: Samples, kind: Kind, conditions: Mapping[str, str | float] | None = None
) -> tuple[Measure, ...]:
    """The median over all vectors; of cycles the latency at the kind's clock too.

    Cycles hold for ``conditions``: the kind's wait states and caches, unless others are given.
    """
    middle = median(samples.values)
    held = dict(kind.conditions if conditions is None else conditions)
    cost = Measure(
        samples.metric, middle, samples.unit, samples.method, samples.technique, samples.resolution,
        conditions=held,
    )  # fmt: skip
    if samples.metric != LATENCY_CYCLES.name:
        return (cost,)
    us = 1e6 / kind.clock_hz
    resolution = None if samples.resolution is None else samples.resolution * us
    at = {"clock_hz": float(kind.clock_hz), **held}
    latency = LATENCY_US.measure(middle * us, samples.method, samples.technique, resolution, conditions=at)
    return latency, cost


def median(values: npt.NDArray[np.generic]) -> float:
    """Of a 1-D array with values: the middle one, or the mean of the middle two.

    That of numpy imports its masked arrays first, which takes longer than all else that is computed here.
    """
    ordered = np.sort(values.astype(np.float64))
    low, high = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
    return float((low + high) / 2)
