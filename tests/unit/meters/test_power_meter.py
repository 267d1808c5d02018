"""The passes in which energy is measured, and what a probe or a board that fails in one costs."""

from __future__ import annotations

import numpy as np
import pytest

from desk_power import IDLE_A, RUN_A, VOLTS, Desk
from hil.meters.base import Findings, Mishap
from hil.meters.power import Energy, Power
from hil.metrics import ENERGY_PER_INFERENCE, LATENCY_CYCLES
from hil.values import Method

COSTS_S = [0.002, 0.010, 0.0021, 0.004, 0.0039]
TYPICAL = 3  # takes 4 ms, and 1 % of that is no matter; the median's number is 4


def metered(desk: Desk, wanted: Energy | None = None) -> Findings:
    cycles = LATENCY_CYCLES.samples(np.array(desk.costs_s) * 64e6, Method.MEASURED, "dwt")
    return Power(wanted or Energy()).after(desk.streamed(), Findings(samples=(cycles,)))


def values(found: Findings) -> dict[str, float]:
    return {one.metric: one.value for one in found.measures}
