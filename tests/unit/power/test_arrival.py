"""What the host's clock tells of samples that did not come."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hil.power.arrival import Arrivals, breaks
from hil.power.base import Flaw

RATE = 100_000.0


def came(samples: npt.NDArray[np.int64], taken_s: npt.NDArray[np.float64], seed: int = 0) -> Arrivals:
    """Read some time after they were taken, now and then much later, as busy hosts do."""
    rng = np.random.default_rng(seed)
    late = rng.exponential(0.002, len(samples)) + np.where(rng.random(len(samples)) < 0.01, 0.1, 0.0)
    seconds = np.maximum.accumulate(taken_s + late)
    return Arrivals(seconds, samples)


def steady(seconds: float, rate: float = RATE) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    taken = np.arange(0.005, seconds, 0.005)
    return (taken * rate).astype(np.int64), taken


def test_a_steady_probe_on_a_busy_host_misses_nothing() -> None:
    for seed in range(50):
        assert breaks(came(*steady(10.0), seed), RATE) == ()


def test_samples_that_are_missing_by_the_clock_are_told() -> None:
    samples, taken = steady(10.0)
    samples = np.where(taken > 6.0, samples - 6_400, samples)
    (one,) = breaks(came(samples, taken), RATE)
    assert one.flaw is Flaw.LOST
    assert 575_000 < one.at < 620_000
    assert 60 < float(one.evidence.split()[0]) < 70
    assert one.evidence.endswith(" ms by the host's clock")


def test_a_silence_is_told() -> None:
    samples, taken = steady(4.0)
    taken = np.where(taken > 2.0, taken + 1.0, taken)
    (one,) = breaks(came(samples, taken), RATE)
    assert one.flaw is Flaw.STALLED
    assert abs(one.at - 200_000) < 1_000


def test_another_rate_is_told() -> None:
    (one,) = breaks(came(*steady(10.0, 98_000.0)), RATE)
    assert one.flaw is Flaw.RATE
    assert one.evidence.startswith(("97,", "98,"))


def test_too_little_tells_nothing() -> None:
    assert breaks(Arrivals(np.zeros(0), np.zeros(0, np.int64)), RATE) == ()
    assert breaks(came(*steady(0.5, 50_000.0)), RATE) == ()
