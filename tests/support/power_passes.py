"""Passes of an emulated power probe, as a session would hand them over."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hil.measure.energy import Pass, windows
from hil.power.base import Flaw, PowerTrace
from hil.power.emulated.kit import CALIBRATION
from hil.power.ppk2.decode import Decoder, aligned
from hil.power.ppk2.wire import RATE_HZ
from power_probes import VOLTS, currents, words


def power_trace(seed: int = 0, seconds: float = 0.6, window_s: float = 0.1) -> PowerTrace:
    """Of a board that toggles the first logic input every ``window_s``; another seed gives other noise."""
    found = aligned(words(*currents(seconds, window_s, seed)).tobytes())
    samples = Decoder(CALIBRATION, VOLTS).samples(found.words)
    return PowerTrace(
        RATE_HZ,
        samples.current_a,
        samples.digital,
        samples.flaws,
        VOLTS,
        found.breaks,
        found.words,
        CALIBRATION.stored(),
        "ppk2",
    )


def power_pass(seed: int = 0, seconds: float = 0.6, window_s: float = 0.1) -> Pass:
    """With a window of each ``window_s`` but the first, while the board waits, and the last."""
    trace = power_trace(seed, seconds, window_s)
    count = len(trace.edges(0)[0]) - 1
    return Pass(trace, windows(trace, 0, [window_s] * count, 1, 1e-4), 7, (0, round(window_s * RATE_HZ)))


def clipped(one: Pass, window: int) -> Pass:
    """The same where some samples of a window were beyond what the probe measures."""
    begin, end = one.windows.windows[window].begin, one.windows.windows[window].end
    at = slice(begin + 100, begin + 120)
    current, flaws = one.trace.current_a.copy(), one.trace.flaws.copy()
    current[at], flaws[at] = np.nan, Flaw.CLIPPED
    trace = replace(one.trace, current_a=current, flaws=flaws)
    count = len(one.windows.windows)
    return replace(one, trace=trace, windows=windows(trace, 0, [(end - begin) / RATE_HZ] * count, 1, 1e-4))
