"""What power probes see of the boards of a made-up lab, and what that comes to."""

from __future__ import annotations

from functools import cache

import numpy as np

from hil.kinds import KINDS
from hil.measure.energy import EnergyFound, Pass, energy, idle_samples, windows
from hil.power.base import PowerTrace
from hil.power.emulated.kit import CALIBRATION
from hil.power.emulated.scale import Scale
from hil.power.ppk2.decode import Decoder, aligned
from hil.power.ppk2.wire import RATE_HZ
from hil.values import Method
from seeded_images import Case

POWERED = ("nucleo-1", "nrf-1")
_VOLTS, _IDLE_A, _RUN_A, _WINDOW_S, _IDLE_S = 3.0, 1.2e-3, 5.1e-3, 0.05, 0.1
_GAIN_SHARE = 0.02


@cache
def power_of(case: Case) -> tuple[tuple[Pass, ...], EnergyFound]:
    """What a power probe sees of a case in three passes, and what that comes to."""
    clock_hz = KINDS[case.kind].clock_hz
    each_s = case.size * 1.7 / clock_hz
    inferences = max(1, round(_WINDOW_S / each_s))
    span = round(inferences * each_s * RATE_HZ)
    found = tuple(_passed(span, inferences, seed) for seed in range(3))
    conditions: dict[str, str | float] = {"clock_hz": float(clock_hz), "shunt": "VDD", "probe_is": "source"}
    told = energy(
        found, method=Method.MEASURED, technique="ppk2", conditions=conditions, gain_share=_GAIN_SHARE
    )
    return found, told


def _passed(span: int, inferences: int, seed: int) -> Pass:
    """Rest, then three windows between edges, then rest."""
    rest = round(_IDLE_S * RATE_HZ)
    parts = [(rest, _IDLE_A, 0), (span, _RUN_A, 1), (span, _RUN_A, 0), (span, _RUN_A, 1), (rest, _IDLE_A, 0)]
    current_a = np.concatenate([np.full(count, amperes) for count, amperes, _ in parts])
    digital = np.concatenate([np.full(count, level, np.uint8) for count, _, level in parts])
    current_a += np.random.default_rng(seed).normal(0.0, 3e-5, len(current_a))
    words = Scale.of(CALIBRATION, _VOLTS).words(current_a.astype(np.float32), digital, 0)
    raw = aligned(words.tobytes())
    trace = PowerTrace.of(
        Decoder(CALIBRATION, _VOLTS).samples(raw.words),
        raw.words,
        driver="ppk2",
        rate_hz=RATE_HZ,
        supply_v=_VOLTS,
        breaks=raw.breaks,
        calibration=CALIBRATION.stored(),
    )
    placed = windows(trace, 0, [span / RATE_HZ] * 3, 1, 1e-4)
    return Pass(trace, placed, inferences, idle_samples(trace, 0, _IDLE_S), 0)
