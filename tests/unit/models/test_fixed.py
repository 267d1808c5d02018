"""The fixed-point arithmetic: rounding, saturation, and the proof that no sum overflows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.errors import ModelError
from hil.models.fixed import (
    WEIGHT_LIMIT,
    activation_scale,
    fixed_matrix,
    multiplier,
    rescale,
    saturate,
    weight_scale,
)
from hil.values import Precision

WIDTHS = st.sampled_from([Precision.Q15, Precision.Q7])


@given(st.integers(-(2**31), 2**31 - 1), st.floats(2.0**-31, 0.49))
def test_rescaling_rounds_to_nearest(total: int, ratio: float) -> None:
    fraction = multiplier(ratio)
    assert abs(int(rescale(np.array([total]), fraction)[0]) - total * fraction / 2.0**32) <= 0.5


def test_saturation_is_that_of_16_bits() -> None:
    np.testing.assert_array_equal(saturate(np.array([-40000, -32768, 5, 32768])), [-32768, -32768, 5, 32767])


@pytest.mark.parametrize("ratio", [-0.1, -1e-9, 0.5, 1.0])
def test_a_ratio_that_does_not_fit_is_refused(ratio: float) -> None:
    with pytest.raises(ModelError, match="do not fit together"):
        multiplier(ratio)


@given(
    seed=st.integers(0, 2**32 - 1), rows=st.integers(1, 12), columns=st.integers(1, 700), width=WIDTHS,
    spread=st.sampled_from([1e-6, 1.0, 1e4]), biased=st.booleans(),
)  # fmt: skip
def test_the_chosen_scale_passes_the_proof_and_wastes_little(
    seed: int, rows: int, columns: int, width: Precision, spread: float, biased: bool
) -> None:
    rng = np.random.default_rng(seed)
    weights = spread * rng.standard_normal((rows, columns))
    bias = 3.0 * spread * rng.standard_normal(rows) if biased else None
    scale = weight_scale(weights, width, bias, 2.0**-12)
    made = fixed_matrix("it", width, weights, scale, 2.0**-17, bias=bias, sum_scale=scale * 2.0**-12)
    whole = np.abs(made.first.astype(np.int64))
    sums = whole.sum(axis=1) * 2**15 + (0 if made.bias is None else np.abs(made.bias.astype(np.int64)))
    assert sums.max() < 2**31
    assert whole.max() >= 0.99 * WEIGHT_LIMIT[width] or sums.max() >= 0.98 * 2**31
    worst = np.where(rng.random((rows, columns)) < 0.5, -32768, 32767)
    for row in range(rows):
        made.sums(worst[row : row + 1])  # asserts that they fit


def test_weights_that_could_overflow_are_refused_by_name() -> None:
    weights = np.ones((2, 40))
    with pytest.raises(ModelError, match=r"q15 sums of U1 could overflow \(row 0 could reach \d+"):
        fixed_matrix("U1", Precision.Q15, weights, 1.0 / 30000, 1e-4)


def test_a_ratio_too_small_for_a_fraction_gives_nothing() -> None:
    assert multiplier(1e-11) == 0
    assert abs(2.0**31 * 1e-11) < 0.5  # as the largest sum would


def test_an_activation_that_is_not_finite_is_refused() -> None:
    with pytest.raises(ModelError, match="not finite"):
        activation_scale(float("inf"))
