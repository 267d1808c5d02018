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


@pytest.mark.parametrize(
    ("output", "right"),
    [
        ([np.nan, 1.0], 0),
        ([1.0, np.nan], 0),
        ([np.nan, np.nan], 0),
        ([np.inf, 1.0], 1),
        ([0.0, -np.inf], 1),
        ([1.0, 1.0], 1),
    ],
)
def test_a_vector_with_nan_among_its_scores_is_not_right(output: list[float], right: int) -> None:
    measure = accuracy(np.array([output], dtype=np.float32), np.array([0]))
    assert measure.value == right


@pytest.mark.parametrize(
    ("golden", "output", "agrees"),
    [
        ([np.inf, 1.0], [5.0, 1.0], False),
        ([np.inf, 1.0], [np.inf, 1.0], True),
        ([np.inf, 1.0], [np.inf, 1.1], False),
        ([np.inf, 1.0], [-np.inf, 1.0], False),
        ([1.0, 1.0], [np.inf, 1.0], False),
        ([np.nan, 1.0], [np.nan, 1.0], False),
        ([0.0, 0.0], [0.0, 0.0], True),
        ([0.0, 0.0], [0.0, 1e-9], False),
    ],
)
def test_what_is_not_finite_agrees_with_nothing_else(
    golden: list[float], output: list[float], agrees: bool
) -> None:
    goldens, outputs = (np.array([one], dtype=np.float32) for one in (golden, output))
    assert agreeing(outputs, goldens).tolist() == [agrees]


def test_floats_are_not_said_to_be_exact_to_the_bit() -> None:
    goldens, outputs = np.array([[3, 4]]), np.array([[3.0, 4.0]], dtype=np.float32)
    assert golden_exact(outputs, goldens).technique == "within-1e-4"
    assert golden_exact(outputs, goldens).value == 1.0
    assert golden_exact(goldens, goldens).technique == "bit-exact"
