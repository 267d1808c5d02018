"""C kernels on the host against numpy: float32 within the tolerance, q15 bit for bit, over random sizes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hil.measure.accuracy import agreeing
from hil.models import golden_f32, golden_q15
from hil.models.gates import GATES
from hil.models.quantise import calibrate, quantise_at, quantise_rows

SLOW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
QUANTISABLE = st.sampled_from(["quantSigm", "quantSigm4", "quantTanh"])


@st.composite
def shapes(draw: Any) -> dict[str, Any]:
    """Sizes around the edges of the kernels' blocks, and large ones; with and without ranks."""
    size = st.one_of(st.integers(1, 9), st.integers(1, 130))
    rank = st.one_of(st.just(0), st.integers(1, 41))
    steps = draw(st.one_of(st.integers(1, 8), st.integers(1, 200)))
    return {
        "seed": draw(st.integers(0, 2**32 - 1)),
        "features": draw(size),
        "hidden": draw(size),
        "rank_w": draw(rank),
        "rank_u": draw(rank),
        "outputs": draw(st.integers(1, 13)),
        "steps": steps,
        "norm_rows": draw(st.sampled_from([1, steps])),
        "spread": draw(st.sampled_from([0.1, 1.0, 4.0])),
    }


@SLOW
@given(shape=shapes(), gate=QUANTISABLE, update=QUANTISABLE)
def test_q15_is_bit_exact(
    kernels: Any, random_model: Any, shape: dict[str, Any], gate: str, update: str
) -> None:
    steps = shape.pop("steps")
    model = random_model(**shape, gate=gate, update=update)
    rng = np.random.default_rng(shape["seed"])
    calm = rng.standard_normal((2, steps, shape["features"]))
    wild = np.concatenate([calm, 100.0 * rng.standard_normal((1, steps, shape["features"]))])
    scales = calibrate(model, list(calm))
    fixed = quantise_at(model, scales)
    inputs = np.stack([quantise_rows(model, scales, vector) for vector in wild])
    answers = kernels.q15(model.network, fixed, inputs)
    np.testing.assert_array_equal(answers, golden_q15.run(fixed, list(inputs)))


@SLOW
@given(shape=shapes(), gate=st.sampled_from(["quantSigm", "quantSigm4", "sigmoid"]),
       update=st.sampled_from(["quantTanh", "tanh", "relu"]))  # fmt: skip
def test_f32_agrees(kernels: Any, random_model: Any, shape: dict[str, Any], gate: str, update: str) -> None:
    steps = shape.pop("steps") % 20 + 1  # random weights can be chaotic: over many steps any rounding grows
    shape.update(norm_rows=min(shape["norm_rows"], steps) if shape["norm_rows"] == 1 else steps, spread=0.5)
    model = random_model(**shape, gate=gate, update=update)
    inputs = np.random.default_rng(shape["seed"]).standard_normal((2, steps, shape["features"]))
    inputs = inputs.astype(np.float32)
    reference = golden_f32.run(model, list(inputs), np.float64)
    assert agreeing(golden_f32.run(model, list(inputs)), reference).all()
    assert agreeing(kernels.f32(model, inputs), reference).all()


@pytest.mark.parametrize("name", sorted(GATES))
def test_f32_gates(kernels: Any, name: str) -> None:
    rng = np.random.default_rng(5)
    sums = np.concatenate(
        [np.linspace(-20, 20, 20001), rng.standard_normal(1000) * 1e-3, [0.0, -1e30, 1e30, -np.inf, np.inf]]
    ).astype(np.float32)
    bias = (rng.standard_normal(len(sums)) * 0.1).astype(np.float32)
    exact = GATES[name]((sums + bias).astype(np.float64))
    np.testing.assert_allclose(kernels.gate(name, sums, bias), exact, rtol=1e-6, atol=1e-30)


@pytest.mark.parametrize("name", sorted(GATES))
def test_f32_gates_hand_a_nan_through(kernels: Any, name: str) -> None:
    assert np.isnan(kernels.gate(name, np.array([np.nan], np.float32), np.zeros(1, np.float32))).all()
