"""Scales of any cell: however large, small or empty its weights and inputs are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hil.errors import ModelError
from hil.models.cell.quantise import ranges
from hil.models.fixed import HEADROOM, LARGEST
from hil.models.rnn import golden_fixed, golden_float
from hil.models.rnn.quantise import calibrate, quantise, quantise_rows
from hil.values import Precision

FIXED = [Precision.Q15, Precision.Q7]
MANY = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def outputs(model: Any, precision: Precision, inputs: list[Any]) -> tuple[Any, float]:
    """Fixed-point outputs as real numbers, and their scale."""
    scales = calibrate(model, precision, inputs)
    fixed = quantise(model, scales, precision)
    wired = [quantise_rows(model, scales, vector) for vector in inputs]
    return golden_fixed.run(fixed, wired) * scales.outputs, scales.outputs


def reach(model: Any, inputs: list[Any], precision: Precision) -> float:
    """What the sums of W and U could reach on such inputs, whatever cancels."""
    cell, largest = model.cell, max(float(np.abs(vector).max()) for vector in inputs)
    state = ranges(cell, [np.stack(inputs)], precision)["state"]
    total = np.zeros(cell.shape.hidden)
    for first, second, operand in ((cell.w1, cell.w2, largest), (cell.u1, cell.u2, state)):
        before = np.full(second.shape[1], operand) if first is None else np.abs(first).sum(axis=1) * operand
        total += np.abs(second) @ before
    return float(total.max())


@MANY
@given(
    seed=st.integers(0, 2**32 - 1), features=st.integers(1, 20), hidden=st.integers(1, 20),
    rank_w=st.sampled_from([0, 1, 3]), rank_u=st.sampled_from([0, 1, 3]), precision=st.sampled_from(FIXED),
    kind=st.sampled_from(["fastgrnn", "fastrnn"]), spread=st.sampled_from([1e-6, 1e-2, 1.0, 30.0]),
    size=st.sampled_from([1e-5, 1.0, 300.0, 1e5]), update=st.sampled_from(["quantTanh", "tanh", "relu"]),
    gate=st.sampled_from(["quantSigm", "sigmoid", "quantSigm4"]),
)  # fmt: skip
def test_every_cell_has_scales_or_sums_beyond_16_bits(
    random_model: Any, seed: int, precision: Precision, size: float, **shape: Any
) -> None:
    if shape["update"] == "relu":
        shape["spread"] = min(shape["spread"], 0.1)  # else the state grows without bound
    model = random_model(seed=seed, norm_rows=0, **shape)
    inputs = list(size * np.random.default_rng(seed).standard_normal((3, 6, shape["features"])))
    try:
        found, _ = outputs(model, precision, inputs)  # the reference asserts that no sum overflows
    except ModelError as error:
        found, refused = None, str(error)
    if found is None:
        assert "sums are too large for fixed point" in refused
        assert reach(model, inputs, precision) > LARGEST / HEADROOM
    elif shape["spread"] <= 1.0 and size <= 1.0:  # larger weights are chaotic, larger inputs meet steep gates
        exact = golden_float.run(model, inputs, np.float64, precision)
        tolerance = {Precision.Q15: 0.02, Precision.Q7: 0.15}[precision]
        assert np.abs(found - exact).max() < tolerance * np.abs(exact).max()


@pytest.mark.parametrize("precision", FIXED)
def test_sums_beyond_all_bits_are_refused_with_what_to_do(random_model: Any, precision: Precision) -> None:
    model = random_model(3, 8, 16, norm_rows=0, spread=1e4)
    with pytest.raises(ModelError, match=r"sums are too large for fixed point \(they reach .*; normalise"):
        outputs(model, precision, [np.full((4, 8), 1e6)])
    model = random_model(3, 8, 16, norm_rows=0, spread=1e30)
    with pytest.raises(ModelError, match=r"largest weight is \d\.\d+e\+30.*; look at the weights"):
        outputs(model, precision, [np.ones((4, 8))])


@pytest.mark.parametrize("precision", FIXED)
@pytest.mark.parametrize("size", [1.0, 300.0])
def test_large_inputs_cost_no_accuracy(random_model: Any, precision: Precision, size: float) -> None:
    model = random_model(3, 8, 16, norm_rows=0)
    cell = replace(model.cell, w2=(model.cell.w2 / size).astype(np.float32))
    model = replace(model, cell=cell)
    inputs = list(size * np.random.default_rng(1).standard_normal((20, 12, 8)))
    exact = golden_float.run(model, inputs, np.float64, precision)
    found, _ = outputs(model, precision, inputs)
    tolerance = {Precision.Q15: 0.01, Precision.Q7: 0.15}[precision]
    assert np.abs(found - exact).max() < tolerance * np.abs(exact).max()


@pytest.mark.parametrize("precision", FIXED)
def test_rows_that_cancel_and_matrices_of_zeros(random_model: Any, precision: Precision) -> None:
    model = random_model(5, 2, 4, rank_w=1, norm_rows=0)
    cancelling = np.array([[1.0, -1.0]], np.float32)
    inputs = [np.full((5, 2), 0.5 + 0.1 * number) for number in range(3)]
    for cell in (
        replace(model.cell, w1=cancelling),
        replace(model.cell, w1=np.zeros_like(cancelling)),
        replace(model.cell, w2=np.zeros_like(model.cell.w2), u2=np.zeros_like(model.cell.u2)),
    ):
        empty = replace(model, cell=cell)
        exact = golden_float.run(empty, inputs, np.float64, precision)
        found, scale = outputs(empty, precision, inputs)
        assert np.abs(found - exact).max() < max(0.05 * np.abs(exact).max(), 2.0 * scale)
        assert np.abs(found).max() < LARGEST * scale
