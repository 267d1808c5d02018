"""The two tiers of a cascade, reported apart."""

from __future__ import annotations

import numpy as np
import pytest

from hil.kinds import KINDS
from hil.measure.cascade import tier_costs, tier_measures
from hil.measure.latency import cost_samples
from hil.metrics import LATENCY_CYCLES
from hil.values import Method

COUNTER = KINDS["qemu_mps2_an386"].counter
TICKS = np.array([10, 300, 20, 100, 12], dtype=np.uint32)


@pytest.mark.parametrize("dtype", [np.float32, np.int16])
def test_rate_and_costs_of_both_ways(dtype: type[np.generic]) -> None:
    outputs = np.array([[5, 0, 0], [1, 7, 1], [5, 0, 0], [2, 9, 1], [5, 0, 0]]).astype(dtype)
    rate, lower, both = tier_measures(outputs, 2, cost_samples(TICKS, COUNTER))
    assert (rate.metric, rate.value, rate.unit, rate.resolution) == ("cascade_rate", 0.4, "1", 0.2)
    assert (rate.method, rate.technique) == (Method.COUNTED, "path")
    assert (lower.metric, lower.value) == ("instructions_lower", 12 * 40.0)
    assert (both.metric, both.value) == ("instructions_both", 200 * 40.0)
    assert {(one.unit, one.technique, one.resolution) for one in (lower, both)} == {
        ("instructions", "timer", 40.0)
    }


@pytest.mark.parametrize(("path", "metrics"), [(0, ["cascade_rate", "instructions_lower"]),
                                               (1, ["cascade_rate", "instructions_both"])])  # fmt: skip
def test_a_way_that_no_vector_took_has_no_cost(path: int, metrics: list[str]) -> None:
    outputs = np.full((len(TICKS), 1), path, dtype=np.int16)
    found = tier_measures(outputs, 0, cost_samples(TICKS, COUNTER))
    assert [measure.metric for measure in found] == metrics
    assert found[0].value == path


def test_a_vector_that_tells_no_way_counts_for_neither() -> None:
    outputs = np.array([[0], [1], [np.nan], [0.5], [1]], dtype=np.float32)
    rate, lower, both = tier_measures(outputs, 0, cost_samples(TICKS, COUNTER))
    assert (rate.value, rate.resolution) == (2 / 3, 1 / 3)
    assert (lower.value, both.value) == (10 * 40.0, 156 * 40.0)
    assert tier_measures(np.full((5, 1), np.nan), 0, cost_samples(TICKS, COUNTER)) == ()


def test_what_silicon_counted_holds_for_its_wait_states_and_caches() -> None:
    kind = KINDS["b_l475e_iot01a"]
    outputs = np.array([[0], [1], [0], [1], [0]])
    _, lower, both = tier_measures(outputs, 0, cost_samples(TICKS, kind.counter), kind.conditions)
    assert (lower.metric, lower.value, lower.method) == ("latency_cycles_lower", 12.0, Method.MEASURED)
    assert (both.metric, both.value, both.technique) == ("latency_cycles_both", 200.0, "dwt")
    assert lower.conditions == both.conditions == kind.conditions != {}


def test_estimated_costs_have_a_band_of_their_own_vectors() -> None:
    cycles = LATENCY_CYCLES.samples(np.array([100, 900, 110, 950, 120]), Method.ESTIMATED, "cycle-model-2")
    bands = np.stack([cycles.values * 0.9, cycles.values * 1.2], axis=1)
    outputs = np.array([[0], [1], [0], [1], [0]])
    lower, both = tier_costs(outputs, 0, cycles, {"wait_states": 0.0}, bands)
    assert (lower.metric, lower.value, lower.unit) == ("latency_cycles_lower", 110.0, "cycles")
    assert lower.band == pytest.approx((99.0, 132.0))
    assert (both.value, both.method, both.technique) == (925.0, Method.ESTIMATED, "cycle-model-2")
    assert both.band == pytest.approx((832.5, 1110.0))
    assert both.conditions == {"wait_states": 0.0}
