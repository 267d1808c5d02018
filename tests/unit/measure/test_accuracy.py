import numpy as np
import pytest

from hil.measure.accuracy import accuracy, agreeing, disagreement, golden_exact, predicted, regression


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


def test_a_single_output_is_the_logit_of_class_1() -> None:
    outputs = np.array([[3], [-1], [0], [-2]], dtype=np.int16)
    assert accuracy(outputs, np.array([1, 0, 0, 1])).value == 0.75
    assert accuracy(np.array([[np.nan], [0.5]]), np.array([0, 1])).value == 0.5


def test_regression_tells_the_mean_absolute_error_and_r_squared() -> None:
    targets = np.array([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]])
    error, share = regression(np.array([[3, 20], [4, 40], [4, 60]], dtype=np.int16), targets, 0.5)
    # halved: 1.5 10, 2 20, 2 30; squares off 0.25 + 0 + 1 of 2, and 0 of 200
    assert (error.metric, error.value) == ("mean_absolute_error", pytest.approx(1.5 / 6))
    assert (share.metric, share.value) == ("r_squared", pytest.approx((1 - 1.25 / 2 + 1) / 2))
    assert {(one.method, one.technique, one.unit) for one in (error, share)} == {("counted", "targets", "1")}
    assert regression(targets, targets, 1.0)[1].value == 1.0


def test_regression_tells_nothing_that_is_not_defined() -> None:
    targets = np.array([[1.0], [1.0]])
    assert [one.metric for one in regression(np.array([[1.0], [3.0]]), targets, 1.0)] == [
        "mean_absolute_error"
    ]
    assert regression(np.array([[1.0], [np.nan]]), np.array([[1.0], [2.0]]), 1.0) == ()


def test_a_disagreement_shows_what_came_what_was_expected_and_the_distance() -> None:
    text = disagreement(np.float32([1.0, 2.5]), np.float32([1.0, 2.0]))
    assert text == (
        "gave [1, 2.5], expected [1, 2]; output 1 is 0.5 apart, "
        "0.0002 is allowed (0.0001 of the largest expected)"
    )
    text = disagreement(np.int16([7, -3]), np.int16([7, -2]))
    assert text == "gave [7, -3], expected [7, -2]; output 1 is 1 apart, and every bit must agree"
    assert "output 0 is no number, or infinite" in disagreement(np.float32([np.nan]), np.float32([1.0]))


def test_of_many_outputs_a_disagreement_shows_the_worst() -> None:
    golden = np.zeros(4000, dtype=np.float32)
    output = golden.copy()
    output[3000], output[10] = 2.0, 1.0
    text = disagreement(output, golden)
    assert text.startswith(
        "gave […, 2, 0, 0, 0, 0, 0, …], expected […, 0, 0, 0, 0, 0, 0, …]; output 3000 is 2 apart"
    )
    output[3999] = 9.0
    assert disagreement(output, golden).startswith("gave […, 0, 0, 0, 0, 0, 9], expected […, 0, ")


def test_what_vectors_are_taken_for() -> None:
    scores = np.array([[1, 3, 2], [5, 5, 1], [np.nan, 9, 1]], dtype=np.float32)
    found = predicted(scores)
    assert (found.metric, found.unit, found.technique) == ("predicted", "1", "labels")
    assert found.values.dtype == np.int16
    assert found.values.tolist() == [1, 0, -1]
    assert predicted(np.array([[-2], [0], [1]], dtype=np.int16)).values.tolist() == [0, 0, 1]
