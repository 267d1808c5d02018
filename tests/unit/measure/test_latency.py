import numpy as np
import pytest

from hil.kinds import KINDS
from hil.measure.latency import cost_per_inference, cost_samples, median


def test_ticks_become_instructions_at_the_counters_resolution() -> None:
    kind = KINDS["qemu_mps2_an386"]
    samples = cost_samples(np.array([10, 30, 20], dtype=np.uint32), kind.counter)
    assert samples.values.tolist() == [400, 1200, 800]
    (measure,) = cost_per_inference(samples, kind)
    assert (measure.metric, measure.value, measure.unit) == ("instructions", 800.0, "instructions")
    assert (measure.method, measure.technique, measure.resolution) == ("counted", "timer", 40.0)


def test_a_twins_ticks_are_parts_of_a_silicons_cycle_in_instructions() -> None:
    kind = KINDS["qemu_b_l475e_iot01a"]
    samples = cost_samples(np.array([3, 2, 5], dtype=np.uint32), kind.counter)
    assert samples.values.tolist() == [37.5, 25.0, 62.5]
    (measure,) = cost_per_inference(samples, kind)
    assert (measure.value, measure.resolution, measure.conditions) == (37.5, 12.5, {})


def test_measured_cycles_are_a_latency_too_and_hold_for_the_boards_wait_states_and_caches() -> None:
    kind = KINDS["b_l475e_iot01a"]
    samples = cost_samples(np.array([800, 880, 960], dtype=np.uint32), kind.counter)
    latency, cycles = cost_per_inference(samples, kind)
    assert (cycles.metric, cycles.value, cycles.unit) == ("latency_cycles", 880.0, "cycles")
    assert (latency.metric, latency.value, latency.unit) == ("latency_us", pytest.approx(11.0), "us")
    for measure in (latency, cycles):
        assert (measure.method, measure.technique) == ("measured", "dwt")
        assert measure.conditions["wait_states"] == 4.0
        assert measure.conditions["caches"] == "prefetch, instructions, data"
    assert latency.conditions["clock_hz"] == 80e6
    assert latency.resolution == pytest.approx(1 / 80)


def test_a_large_tick_count_does_not_wrap() -> None:
    counter = KINDS["qemu_mps2_an386"].counter
    samples = cost_samples(np.array([0xFFFF_FFFF], dtype=np.uint32), counter)
    assert samples.values.tolist() == [0xFFFF_FFFF * 40]


@pytest.mark.parametrize("values", [[5], [5, 2], [9, 1, 4], [3, 1, 4, 2], [0.1, 0.2, 0.3, 7.5]])
def test_the_median_is_numpys(values: list[float]) -> None:
    assert median(np.array(values)) == np.median(values)
