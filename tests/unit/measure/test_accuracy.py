import numpy as np
import pytest

from hil.measure.accuracy import accuracy, agreeing, golden_exact


def test_accuracy_counts_the_largest_output_against_the_label() -> None:
    outputs = np.array([[1, 5, 2], [9, 0, 0], [0, 1, 3], [4, 4, 0]], dtype=np.int16)
    labels = np.array([1, 0, 0, 0])
    measure = accuracy(outputs, labels)
    assert measure.value == 0.75
    assert (measure.method, measure.technique, measure.resolution) == ("counted", "labels", 0.25)


def test_one_wrong_bit_in_fixed_point_disagrees() -> None:
    goldens = np.array([[100, -3], [7, 8]], dtype=np.int16)
    outputs = goldens.copy()
    outputs[1, 0] ^= 1
    assert agreeing(outputs, goldens).tolist() == [True, False]
    measure = golden_exact(outputs, goldens)
    assert (measure.value, measure.technique) == (0.5, "bit-exact")


@pytest.mark.parametrize(("error", "agrees"), [(0.9e-4, True), (1.1e-4, False), (np.nan, False)])
def test_floats_agree_within_the_tolerance_of_the_largest_output(error: float, agrees: bool) -> None:
    goldens = np.array([[2.0, -0.001]], dtype=np.float64)
    outputs = goldens + np.array([[0.0, 2.0 * error]])
    assert agreeing(outputs, goldens).tolist() == [agrees]
    assert golden_exact(outputs, goldens).technique == "within-1e-4"
