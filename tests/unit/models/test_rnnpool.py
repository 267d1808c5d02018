"""RNNPool blocks: the references against the formulas, a published block, generated C of any size, errors."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.errors import ModelError, VectorError
from hil.models.folder import Description, write_folder
from hil.models.gates import GATES
from hil.models.rnnpool import golden_fixed, golden_float, quantise
from hil.models.rnnpool.network import Pool, RnnPoolWeights, description, from_arrays, network
from hil.models.weights import load_weights
from hil.resources import data_root
from hil.values import Precision
from kernel_programs import build_host
from model_programs import run_model
from random_networks import pool_arrays

Arrays = npt.NDArray[Any]
VWW = data_root().parent / "shared" / "conformance" / "vww_rnnpool.npz"
FIXED = (Precision.Q15, Precision.Q7)


def block(**fields: Any) -> dict[str, Any]:
    """A description with the fields that a test does not care about."""
    usual = {
        "channels": 3,
        "patch": 5,
        "hidden1": 6,
        "hidden2": 4,
        "gate": "quantSigm",
        "update": "quantTanh",
    }
    return usual | fields


def random_weights(rng: np.random.Generator, **fields: Any) -> RnnPoolWeights:
    net = network(block(**fields))
    return from_arrays(net, pool_arrays(rng, net.shape, net.classes))


def patches_of(rng: np.random.Generator, model: RnnPoolWeights, count: int) -> list[npt.NDArray[np.float32]]:
    net = model.network
    return list(rng.uniform(-1, 1, (count, net.steps, net.features)).astype(np.float32))


# The formulas, once more and as they are written down: one patch, one sequence, one step at a time.


def naive_cell(weights: Any, sequence: Arrays) -> Arrays:
    shape, state = weights.shape, np.zeros(weights.shape.hidden)
    w = weights.w2 if weights.w1 is None else weights.w2.astype(float) @ weights.w1
    u = weights.u2 if weights.u1 is None else weights.u2.astype(float) @ weights.u1
    for x in sequence:
        sums = w.astype(float) @ x + u.astype(float) @ state
        z = GATES[shape.gate](sums + weights.bias_gate)
        c = GATES[shape.update](sums + weights.bias_update)
        state = z * state + (weights.zeta * (1 - z) + weights.nu) * c
    return state


def naive_patch(pool: Pool, patch: Arrays) -> Arrays:
    """(P, P, C) -> 4 H2."""
    rows = [naive_cell(pool.first, row) for row in patch]
    columns = [naive_cell(pool.first, column) for column in patch.transpose(1, 0, 2)]
    runs = [rows, rows[::-1], columns, columns[::-1]]
    return np.concatenate([naive_cell(pool.second, np.array(run)) for run in runs])


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1), patch=st.integers(1, 6), stride=st.integers(1, 8),
    extra=st.tuples(st.integers(0, 7), st.integers(0, 7)),
    ranks=st.sampled_from([(0, 0, 0, 0), (2, 3, 1, 2)]),
)  # fmt: skip
def test_sliding_gives_what_each_patch_gives(
    seed: int, patch: int, stride: int, extra: tuple[int, int], ranks: tuple[int, int, int, int]
) -> None:
    rng = np.random.default_rng(seed)
    pool = random_weights(rng, patch=patch, ranks=ranks).pool
    maps = rng.uniform(-1, 1, (2, patch + extra[0], patch + extra[1], 3))
    whole = golden_float.pool_map(pool, maps, stride)
    assert whole.shape == (2, extra[0] // stride + 1, extra[1] // stride + 1, 16)
    for n, y, x in np.ndindex(whole.shape[:3]):
        seen = maps[n, y * stride : y * stride + patch, x * stride : x * stride + patch]
        np.testing.assert_allclose(whole[n, y, x], naive_patch(pool, seen), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("gate", "update"), [("quantSigm", "quantTanh"), ("sigmoid", "tanh")])
def test_float32_stays_near_float64(gate: str, update: str) -> None:
    rng = np.random.default_rng(3)
    model = random_weights(rng, patch=8, hidden1=16, hidden2=16, gate=gate, update=update, classes=5)
    inputs = patches_of(rng, model, 20)
    exact = golden_float.run(model, inputs, np.float64)
    near = golden_float.run(model, inputs)
    assert near.dtype == np.float32
    assert (np.abs(near - exact) <= 1e-4 * np.abs(exact).max(axis=1, keepdims=True)).all()


@pytest.mark.parametrize(("precision", "most"), [(Precision.Q15, 2e-3), (Precision.Q7, 0.1)])
@pytest.mark.parametrize(("gate", "update"), [("quantSigm", "quantTanh"), ("sigmoid", "tanh")])
def test_fixed_point_stays_near_float(gate: str, update: str, precision: Precision, most: float) -> None:
    rng = np.random.default_rng(4)
    model = random_weights(rng, patch=8, hidden1=8, hidden2=8, gate=gate, update=update)
    inputs = patches_of(rng, model, 50)
    scales = quantise.calibrate(model, inputs, precision)
    assert quantise.read_scales(quantise.write_scales(scales)) == scales
    fixed = quantise.quantise(model, scales, precision)
    seen: dict[str, int] = {}

    def trace(name: str, exact: Arrays, kept: Arrays) -> None:
        seen[name] = seen.get(name, 0) + int((exact != kept).sum())

    given_ = golden_fixed.run(fixed, [quantise.quantise_input(scales, one) for one in inputs], trace)
    assert np.abs(given_ * scales.outputs - golden_float.run(model, inputs, np.float64)).max() < most
    assert {"first.pre", "first.z", "first.c", "first.state", "second.pre", "second.state"} <= seen.keys()
    assert seen["first.state"] == seen["second.state"] == 0


def test_the_fixed_gates_may_be_others() -> None:
    rng = np.random.default_rng(5)
    fields = {"fixed_gate": "quantSigm", "fixed_update": "quantTanh", "gate": "sigmoid", "update": "tanh"}
    model = random_weights(rng, **fields)
    inputs = patches_of(rng, model, 5)
    fixed = quantise.quantise(model, quantise.calibrate(model, inputs, Precision.Q15), Precision.Q15)
    assert fixed.pool.first.gate is not None
    assert fixed.pool.first.gate.name == "quantSigm"
    like = random_weights(np.random.default_rng(5))
    np.testing.assert_array_equal(
        golden_float.run(model, inputs, np.float64, Precision.Q15), golden_float.run(like, inputs, np.float64)
    )


# A published block


@pytest.mark.skipif(not VWW.exists(), reason="the conformance data is not beside the checkout")
@pytest.mark.parametrize(("precision", "most"), [(Precision.F32, 1e-10), (Precision.Q15, 1e-5)])
def test_a_published_block(tmp_path: Path, precision: Precision, most: float) -> None:
    """microsoft/EdgeML's block of the Visual Wake Words network (MIT): ``most`` is of the squared error."""
    with np.load(VWW) as archive:
        data = {name: archive[name] for name in archive.files}
    arrays = {
        name + number: data[theirs + number].reshape(shape)
        for number in "12"
        for name, theirs, shape in (
            ("W", "W", (8, 8)), ("U", "U", (8, 8)), ("Bg", "Bg", 8), ("Bh", "Bh", 8),
            ("zeta", "sigmoid_zeta", ()), ("nu", "sigmoid_nu", ()),
        )
    }  # fmt: skip
    fields = block(channels=8, patch=6, hidden1=8, hidden2=8, gate="sigmoid", update="tanh")
    inputs = [data["input"].reshape(6, 48)]
    spec = write_folder(tmp_path / "vww", about("vww", fields), arrays, inputs)
    wired = [spec.architecture.wire(spec, load_weights(spec), precision, inputs[0])]
    golden = spec.architecture.golden(spec, load_weights(spec), precision, wired)
    answers = answers_of(tmp_path, spec, precision, wired)
    scale = 1.0 if precision is Precision.F32 else spec.scales[precision].outputs
    for given_ in (golden, answers):
        assert ((given_[0] * scale - data["output"]) ** 2).sum() < most


# Generated C


def about(name: str, fields: dict[str, Any]) -> Description:
    net = network(fields)
    return Description(
        name=name, task="a test", architecture="rnnpool", network=fields,
        min_steps=net.steps, max_steps=net.steps, dataset=None, generator="none",
    )  # fmt: skip


def answers_of(folder: Path, spec: Any, precision: Precision, wired: list[Arrays]) -> Arrays:
    sources = ["tests/kernels/model.c", str(spec.generated_c(precision))]
    return run_model(build_host(folder / f"{precision}", sources), spec, precision, wired)


@pytest.mark.parametrize(
    "fields",
    [
        block(channels=4, patch=8, hidden1=8, hidden2=8, classes=0),
        block(channels=1, patch=1, hidden1=1, hidden2=1, classes=2),
        block(channels=5, patch=3, hidden1=7, hidden2=9, classes=3, ranks=[2, 3, 5, 1]),
        block(channels=2, patch=7, hidden1=13, hidden2=2, gate="sigmoid", update="tanh"),
    ],
)
def test_generated_c_gives_the_references(tmp_path: Path, fields: dict[str, Any]) -> None:
    rng = np.random.default_rng(7)
    net = network(fields)
    arrays = pool_arrays(rng, net.shape, net.classes)
    inputs = list(rng.uniform(-1, 1, (6, net.steps, net.features)).astype(np.float32))
    spec = write_folder(tmp_path / "block", about("block", fields), arrays, inputs)
    weights = load_weights(spec)
    exact = spec.architecture.reference(spec, weights, inputs)
    for precision in Precision:
        wired = [spec.architecture.wire(spec, weights, precision, one) for one in inputs]
        answers = answers_of(tmp_path, spec, precision, wired)
        if precision is Precision.F32:
            assert (np.abs(answers - exact) <= 1e-4 * np.abs(exact).max(axis=1, keepdims=True)).all()
        else:
            golden = spec.architecture.golden(spec, weights, precision, wired)
            assert golden.any()
            np.testing.assert_array_equal(answers, golden)


# Descriptions and errors


def test_descriptions_round_trip() -> None:
    net = network(block(classes=3, ranks=[1, 2, 3, 1], fixed_gate="quantSigm4"))
    assert network(description(net)) == net
    assert (net.steps, net.features, net.outputs, net.path_output) == (5, 15, 3, None)
    assert network(block()).outputs == 16
    assert asdict(net)["shape"]["patch"] == 5


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"patch": 0}, "RNNPool has no patch of 0"),
        ({"patch": 256}, "RNNPool has no patch of 256"),
        ({"ranks": [1, 2]}, "RNNPool has four ranks"),
        ({"gate": "softmax"}, "unknown gate softmax"),
    ],
)
def test_a_description_that_cannot_be(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(ModelError, match=said):
        network(block(**fields))


def test_cells_that_do_not_fit_together() -> None:
    shape = network(block()).shape
    with pytest.raises(ModelError, match=r"do not fit together \(the second takes 5, the first gives 6\)"):
        replace(shape, second=replace(shape.second, features=5))


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("U2", None, "weights have no U2"),
        ("W1", np.zeros((3, 6)), r"weight W1 has the wrong shape \(\(3, 6\), not \(6, 3\)\)"),
        ("Bh2", np.array([0, np.nan, 0, 0]), "weight Bh2 is not finite"),
        ("FCbias", np.zeros(3), "weight FCbias has the wrong shape"),
    ],
)
def test_weights_that_do_not_fit(name: str, value: Arrays | None, said: str) -> None:
    net = network(block(classes=2))
    arrays: dict[str, Any] = dict(pool_arrays(np.random.default_rng(1), net.shape, 2)) | {name: value}
    if value is None:
        del arrays[name]
    with pytest.raises(ModelError, match=said):
        from_arrays(net, arrays)


def test_an_input_that_is_no_number() -> None:
    rng = np.random.default_rng(2)
    model = random_weights(rng)
    scales = quantise.calibrate(model, patches_of(rng, model, 2), Precision.Q7)
    with pytest.raises(VectorError, match=r"not a number \(at \[0 1\]\)"):
        quantise.quantise_input(scales, np.array([[0.0, np.nan, 1.0]]))
    huge = np.array([[-1e9, 0.0, 1e9]])
    np.testing.assert_array_equal(quantise.quantise_input(scales, huge), [[-32768, 0, 32767]])
