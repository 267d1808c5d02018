"""Power traces of boards that run spans of inferences, made up sample by sample."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hil.measure.energy import Pass
from hil.measure.windows import idle_samples, windows
from hil.power.base import PowerTrace

RATE_HZ = 100_000.0
VOLTS = 3.3
IDLE_A, RUN_A = 1e-3, 5e-3
CRYSTAL = 1e-4
IDLE_S = 0.1


def traced(
    spans: Sequence[int],
    run_a: float | Sequence[float] = RUN_A,
    before: Sequence[int] = (),
    after: Sequence[int] = (200,),
    volts: float = VOLTS,
    idle_a: float = IDLE_A,
    noise_a: float = 0.0,
    seed: int = 0,
) -> PowerTrace:
    """A tenth of a second of rest, then a current for each of the ``spans``, samples long, between edges.

    ``before`` and ``after`` are the lengths of levels around them, idle: the sync pin rises with the first.
    """
    amperes = [run_a] * len(spans) if isinstance(run_a, float) else list(run_a)
    rest = round(IDLE_S * RATE_HZ)
    parts = [np.full(rest, idle_a), *(np.full(count, idle_a) for count in before)]
    parts += [np.full(count, current) for count, current in zip(spans, amperes, strict=True)]
    parts += [np.full(count, idle_a) for count in after]
    levels = [np.full(len(part), place % 2, np.uint8) for place, part in enumerate(parts)]
    current_a = np.concatenate(parts) + np.random.default_rng(seed).normal(0.0, noise_a, sum(map(len, parts)))
    flaws = np.zeros(len(current_a), np.uint8)
    return PowerTrace(RATE_HZ, current_a.astype(np.float32), np.concatenate(levels), flaws, volts)


def passed(
    spans: Sequence[int],
    run_a: float | Sequence[float] = RUN_A,
    per_window: int = 1,
    inferences: int = 10,
    volts: float = VOLTS,
    idle_a: float = IDLE_A,
) -> Pass:
    """A pass whose board counted what the probe saw."""
    trace = traced(spans, run_a, volts=volts, idle_a=idle_a)
    found = windows(trace, 0, [count / RATE_HZ for count in spans], per_window, CRYSTAL)
    return Pass(trace, found, inferences, idle_samples(trace, 0, IDLE_S))
