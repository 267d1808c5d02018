"""When bytes arrived, against how many samples they make: what a counter of few bits does not show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hil.power.base import Break, Flaw

STALL_S = 0.25  # a host that is busy reads later, but not so much
_WINDOW_S = 0.25
_KEPT = 3  # windows in a row that are late: the host is busy for a shorter time
_STEP_S = 0.02
_RATE_SHARE = 0.005  # crystals differ by a hundredth of this
_LEAST_S = 2.0  # before that, how late a few reads came says nothing


@dataclass(frozen=True)
class Arrivals:
    """How many samples there were (n, increasing), and when, in seconds of the host's clock."""

    seconds: npt.NDArray[np.float64]
    samples: npt.NDArray[np.int64]


def breaks(arrivals: Arrivals, rate_hz: float) -> tuple[Break, ...]:
    """Silences, samples that are missing by the clock, and a rate that is another one.

    A sample is read at some time after it was taken; the soonest in every quarter of a second come equally
    late as long as none are missing. Fewer than 2,000 that are lost at 100 kS/s do not show, nor do those of
    the first and the last three quarters of a second.
    """
    seconds, samples = arrivals.seconds, arrivals.samples
    if len(seconds) < 2:
        return ()
    found = []
    gaps = np.diff(seconds)
    for silent in np.flatnonzero(gaps > STALL_S):
        found.append(Break(int(samples[silent]), Flaw.STALLED, f"for {gaps[silent]:.2f} s"))
    span_s = float(seconds[-1] - seconds[0])
    if span_s < _LEAST_S or found:
        return tuple(found)
    soonest, where = _soonest(seconds, seconds - samples / rate_hz)
    rate = 1.0 - float(np.median(np.diff(soonest))) / _WINDOW_S
    if abs(rate - 1.0) > _RATE_SHARE:
        return (Break(0, Flaw.RATE, f"{rate * rate_hz:,.0f} samples a second by the host's clock"),)
    index = _KEPT
    while index + _KEPT <= len(soonest):
        step_s = np.min(soonest[index : index + _KEPT]) - np.min(soonest[index - _KEPT : index])
        if step_s > _STEP_S:
            evidence = f"{step_s * 1000:.0f} ms by the host's clock"
            found.append(Break(int(samples[where[index]]), Flaw.LOST, evidence))
            index += _KEPT
        index += 1
    return tuple(found)


def _soonest(
    seconds: npt.NDArray[np.float64], late_s: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.intp]]:
    """How late the soonest of each window were, and the first read of each window."""
    windows = ((seconds - seconds[0]) / _WINDOW_S).astype(int)
    begins = np.flatnonzero(np.r_[True, windows[1:] != windows[:-1]])
    return np.minimum.reduceat(late_s, begins), begins
