"""Passes of an emulated power probe, as a session would hand them over."""

from __future__ import annotations

from hil.measure.energy import Pass, windows
from hil.power.base import PowerTrace
from hil.power.emulated.faults import Damage, Fault, damaged
from hil.power.emulated.kit import CALIBRATION
from hil.power.ppk2.decode import Decoder, aligned
from hil.power.ppk2.wire import RATE_HZ
from power_probes import VOLTS, currents, words

CRYSTAL = 1e-4


def power_trace(
    seed: int = 0, seconds: float = 0.6, window_s: float = 0.1, fault: Fault | None = None
) -> PowerTrace:
    """Of a board that toggles the first logic input every ``window_s``; another seed gives other noise."""
    sent = words(*currents(seconds, window_s, seed))
    found = aligned(sent.tobytes() if fault is None else damaged(sent, fault))
    samples = Decoder(CALIBRATION, VOLTS).samples(found.words)
    return PowerTrace.of(
        samples,
        found.words,
        driver="ppk2",
        rate_hz=RATE_HZ,
        supply_v=VOLTS,
        breaks=found.breaks,
        calibration=CALIBRATION.stored(),
    )


def power_pass(
    seed: int = 0, seconds: float = 0.6, window_s: float = 0.1, fault: Fault | None = None
) -> Pass:
    """With a window of each ``window_s`` but the first, while the board waits, and the last."""
    trace = power_trace(seed, seconds, window_s, fault)
    count = len(trace.edges(0)[0]) - 1
    found = windows(trace, 0, [window_s] * count, 1, CRYSTAL)
    return Pass(trace, found, 7, (0, round(window_s * RATE_HZ)))


def clipped_pass(seed: int = 0, window: int = 2, seconds: float = 0.6, window_s: float = 0.1) -> Pass:
    """The same where some samples of a window, counted from 0, were beyond what the probe measures."""
    at = round((window + 1.3) * window_s * RATE_HZ)
    return power_pass(seed, seconds, window_s, Fault(Damage.CLIP, at, 20))
