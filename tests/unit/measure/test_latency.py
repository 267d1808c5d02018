import numpy as np
import pytest

from hil.kinds import KINDS
from hil.measure.latency import cost_per_inference, cost_samples, median


def test_ticks_become_instructions_at_the_counters_resolution() -> None:
    counter = KINDS["qemu_mps2_an386"].counter
    samples = cost_samples(np.array([10, 30, 20], dtype=np.uint32), counter)
    assert samples.values.tolist() == [400, 1200, 800]
    measure = cost_per_inference(samples)
    assert (measure.metric, measure.value, measure.unit) == ("instructions", 800.0, "instructions")
    assert (measure.method, measure.technique, measure.resolution) == ("counted", "timer", 40.0)


def test_a_large_tick_count_does_not_wrap() -> None:
    counter = KINDS["qemu_mps2_an386"].counter
    samples = cost_samples(np.array([0xFFFF_FFFF], dtype=np.uint32), counter)
    assert samples.values.tolist() == [0xFFFF_FFFF * 40]


@pytest.mark.parametrize("values", [[5], [5, 2], [9, 1, 4], [3, 1, 4, 2], [0.1, 0.2, 0.3, 7.5]])
def test_the_median_is_numpys(values: list[float]) -> None:
    assert median(np.array(values)) == np.median(values)
