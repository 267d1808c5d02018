"""What a session found, asked for by its metric's name."""

from __future__ import annotations

import numpy as np
import pytest

from hil.link.link import LinkStats
from hil.metrics import LATENCY_CYCLES, STACK_BYTES
from hil.session import Report
from hil.values import Measure, Method


def report(*measures: Measure) -> Report:
    return Report(measures, (), np.empty(0), LinkStats(0, 0, 0, 0, 0, 0, 0))


def test_what_was_measured_goes_before_an_estimate() -> None:
    guess = LATENCY_CYCLES.measure(1000.0, Method.ESTIMATED, "cycle-model-2")
    told = LATENCY_CYCLES.measure(1100.0, Method.MEASURED, "dwt", 1.0)
    assert (
        report(guess, told).value("latency_cycles") == report(told, guess).value("latency_cycles") == 1100.0
    )
    assert report(guess).value("latency_cycles") == 1000.0


def test_of_several_techniques_the_most_exact_counts() -> None:
    coarse = STACK_BYTES.measure(340.0, Method.MEASURED, "painted", 4.0)
    exact = STACK_BYTES.measure(336.0, Method.COUNTED, "tracked")
    assert report(coarse, exact).value("stack_bytes") == 336.0


def test_a_metric_that_was_not_taken_is_none() -> None:
    with pytest.raises(KeyError):
        report().value("latency_cycles")
