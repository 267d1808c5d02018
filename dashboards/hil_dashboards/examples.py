"""Examples for the page that explains: made of invented values by the code that judges real ones."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hil.measure.changes import Change, changes
from hil.measure.verdicts import Taken, Tolerance, Verdict, judge
from hil.measure.windows import Windows, windows
from hil.metrics import ENERGY_PER_INFERENCE, FLASH_BYTES, INSTRUCTIONS, LATENCY_CYCLES, LATENCY_US
from hil.power.base import PowerTrace
from hil.values import Measure, Method

_MODEL, _OTHER_MODEL = "cycle-model-2", "cycle-model-1"
_CLOCK: dict[str, str | float] = {"clock_hz": 80e6, "wait_states": 4.0}


class Said(NamedTuple):
    """A sentence on an example, and the verdict that the lab gives it."""

    told: str
    verdict: Verdict


def measured() -> tuple[Measure, ...]:
    """A value by each method."""
    return (
        LATENCY_US.measure(1_583.0, Method.MEASURED, "dwt", 1 / 80, conditions=_CLOCK),
        INSTRUCTIONS.measure(84_000.0, Method.COUNTED, "timer", 40.0),
        LATENCY_CYCLES.measure(
            126_640.0, Method.ESTIMATED, _MODEL, None, (122_840.0, 154_500.0), {"clock_hz": 25e6}
        ),
        ENERGY_PER_INFERENCE.measure(29.4, Method.MODELLED, "ppk2 model of STM32G431 currents", 0.003),
    )


@cache
def judged() -> tuple[Said, ...]:
    """One of each outcome."""

    def cycles(value: float, technique: str = _MODEL) -> list[Taken]:
        return [Taken(LATENCY_CYCLES.measure(value, Method.ESTIMATED, technique))]

    def bytes_(value: float) -> list[Taken]:
        return [Taken(FLASH_BYTES.measure(value, Method.COUNTED, "elf"))]

    name = LATENCY_CYCLES.name
    return (
        Said("The image takes more cycles than before.", judge(name, cycles(139_300.0), cycles(126_640.0))),
        Said("It takes fewer.", judge(name, cycles(118_200.0), cycles(126_640.0))),
        Said("It takes as many.", judge(name, cycles(126_640.0), cycles(126_640.0))),
        Said(
            "It grew by less than the lab's thresholds allow.",
            judge(FLASH_BYTES.name, bytes_(12_336.0), bytes_(12_304.0), Tolerance(amount=64.0)),
        ),
        Said("No run before had this image.", judge(name, cycles(126_640.0), [])),
        Said("Its session failed, or the board was away.", judge(name, [], cycles(126_640.0))),
        Said(
            "The cycle model is a newer one.", judge(name, cycles(126_640.0), cycles(126_700.0, _OTHER_MODEL))
        ),
    )


class Shift(NamedTuple):
    """Values over runs, and where the lab says that their level changed."""

    values: npt.NDArray[np.float64]
    found: tuple[Change, ...]


@cache
def shifted() -> Shift:
    """A noisy clock: 30 runs at one level, then 20 at one that is 3 % higher."""
    noise = np.random.default_rng(7).normal(0.0, 12.0, 50)
    values = 1_583.0 * np.where(np.arange(50) < 30, 1.0, 1.03) + noise
    return Shift(values, changes(values))


class Traced(NamedTuple):
    """A probe's trace of a board that computes, its windows, and how many inferences each is of."""

    trace: PowerTrace
    windows: Windows
    inferences: int

    @property
    def energies_uj(self) -> Sequence[float]:
        """Of each window that counts, per inference."""
        return [1e6 * one.energy_j / self.inferences for one in self.windows.valid]


@cache
def traced() -> Traced:
    """Rest at 1.2 mA, then six spans of 0.1 s at 9 mA between edges of the sync pin: three windows of two."""
    rate, span, rest = 10_000, 1_000, 1_500
    at = np.arange(2 * rest + 6 * span)
    works = (at >= rest) & (at < rest + 6 * span)
    ripple = 0.4e-3 * np.sin(at / 37.0)
    current = np.where(works, 9e-3 + ripple, 1.2e-3 + ripple / 8).astype(np.float32)
    last = (at >= rest + 6 * span) & (at < rest + 6 * span + 50)  # the edge that ends the last span
    pin = (works & ((at - rest) // span % 2 == 0) | last).astype(np.uint8)
    trace = PowerTrace(float(rate), current, pin, np.zeros(len(at), np.uint8), 3.3)
    return Traced(trace, windows(trace, 0, [span / rate] * 6, 2, 1e-4), 2 * 63)
