"""Convolution networks: the references against the formulas, generated C, the memory plan, errors."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from hil.errors import ModelError, VectorError
from hil.models.convnet import golden_fixed, golden_float, quantise
from hil.models.convnet.network import ConvNet, ConvNetWeights, from_arrays, network
from hil.models.convnet.plan import Plan, make_plan
from hil.models.folder import Description, write_folder
from hil.models.weights import load_weights
from hil.values import Precision
from kernel_programs import build_host
from model_programs import run_model
from random_networks import net_arrays

Arrays = npt.NDArray[Any]
FIXED = (Precision.Q15, Precision.Q7)
GATES = {"gate": "quantSigm", "update": "quantTanh"}


def pool(patch: int, stride: int, hidden1: int, hidden2: int, **more: Any) -> dict[str, Any]:
    sizes = {"patch": patch, "stride": stride, "hidden1": hidden1, "hidden2": hidden2}
    return {"kind": "rnnpool", **sizes, **GATES, **more}


def conv(channels: int, kernel: int = 3, **more: Any) -> dict[str, Any]:
    return {"kind": "conv", "kernel": kernel, "channels": channels, **more}


DENSE = {"kind": "dense", "outputs": 3}
NETWORKS: dict[str, dict[str, Any]] = {
    "face-like": {
        "input": [24, 24, 1], "mean": 128, "std": 128,
        "layers": [
            conv(4, stride=2, pad=1, relu=6), pool(4, 2, 5, 6),
            {"kind": "depthwise", "kernel": 3, "stride": 1, "pad": 1, "relu": 6},
            {"kind": "pointwise", "channels": 9, "relu": 6},
            {"kind": "depthwise", "kernel": 3, "stride": 2, "pad": 1, "relu": 6},
            {"kind": "pointwise", "channels": 7, "relu": 0}, {"kind": "average"}, DENSE,
        ],
    },
    "colour, padded pool behind a depthwise layer": {
        "input": [13, 17, 3], "mean": 100, "std": 57.5,
        "layers": [
            conv(5, kernel=2), {"kind": "depthwise", "kernel": 3, "pad": 1, "relu": 0},
            pool(5, 3, 3, 2, pad=2), {"kind": "max", "kernel": 2, "stride": 1}, {"kind": "average"},
        ],
    },
    "pool on a whole map, padded, patches apart": {
        "input": [15, 14, 2], "mean": 0, "std": 255,
        "layers": [
            conv(4, kernel=1, relu=1), {"kind": "max", "kernel": 2}, pool(3, 4, 4, 4, pad=1),
            {"kind": "dense", "outputs": 2, "relu": 6},
        ],
    },
    "pool on a whole map": {
        "input": [9, 8, 1], "mean": 255, "std": 100,
        "layers": [conv(2, relu=0), {"kind": "max", "kernel": 1}, pool(2, 1, 3, 1), DENSE],
    },
    "two pools": {
        "input": [21, 20, 1], "mean": 7, "std": 64,
        "layers": [
            conv(3, stride=1, relu=6), pool(4, 2, 4, 3), {"kind": "pointwise", "channels": 5},
            pool(3, 2, 3, 4), DENSE,
        ],
    },
    "no pool, depthwise layers that are streamed into": {
        "input": [13, 11, 2], "mean": 128, "std": 64,
        "layers": [
            conv(24, pad=1, relu=6), {"kind": "depthwise", "kernel": 3, "stride": 2, "pad": 1, "relu": 6},
            {"kind": "pointwise", "channels": 40, "relu": 6},
            {"kind": "depthwise", "kernel": 3, "stride": 2, "pad": 2},
            {"kind": "depthwise", "kernel": 2}, {"kind": "depthwise", "kernel": 1, "relu": 6},
            {"kind": "average"},
        ],
    },
    "rows that no window needs": {
        "input": [15, 9, 1], "mean": 128, "std": 64,
        "layers": [conv(8, relu=6), {"kind": "depthwise", "kernel": 2, "stride": 4}, DENSE],
    },
    "no pool": {
        "input": [6, 7, 3], "mean": 128, "std": 64,
        "layers": [conv(6, pad=2, stride=2, relu=6), conv(4, kernel=2), conv(3, kernel=1, stride=2), DENSE],
    },
}  # fmt: skip


@pytest.fixture(params=NETWORKS)
def net(request: pytest.FixtureRequest) -> ConvNet:
    return network(NETWORKS[request.param])


def draw(rng: np.random.Generator, net: ConvNet, count: int = 6) -> tuple[ConvNetWeights, list[Arrays]]:
    """Random weights and images."""
    images = rng.integers(0, 256, (count, net.steps, net.features)).astype(np.uint8)
    return from_arrays(net, net_arrays(rng, net)), list(images)


# The formulas, once more and as they are written down: one output element at a time.


def naive(model: ConvNetWeights, image: Arrays) -> Arrays:
    net = model.network
    maps = image.reshape(net.input.height, net.input.width, net.input.channels).astype(np.float64)
    maps = (maps - net.mean) / net.std
    for layer in net.layers:
        out = np.zeros((layer.after.height, layer.after.width, layer.after.channels))
        grid = np.pad(maps, ((layer.pad, layer.pad), (layer.pad, layer.pad), (0, 0)))
        for y, x in np.ndindex(out.shape[:2]):
            top, left = y * layer.stride, x * layer.stride
            seen = grid[top : top + layer.kernel, left : left + layer.kernel]
            if layer.kind == "rnnpool":
                block = model.pools[layer.number]
                out[y, x] = golden_float.pool_map(block, seen[None], 1).reshape(-1)
            elif layer.kind == "max":
                out[y, x] = seen.max(axis=(0, 1))
            elif layer.kind == "average":
                out[y, x] = maps.mean(axis=(0, 1))
            elif layer.kind == "dense":
                own = model.affine[layer.number]
                out[y, x] = own.weight.astype(np.float64) @ maps.reshape(-1) + own.bias
            elif layer.kind == "depthwise":
                own = model.affine[layer.number]
                out[y, x] = (own.weight.transpose(1, 2, 0).astype(np.float64) * seen).sum(
                    axis=(0, 1)
                ) + own.bias
            else:
                own = model.affine[layer.number]
                weight = own.weight.reshape(layer.after.channels, -1).astype(np.float64)
                out[y, x] = weight @ seen.reshape(-1) + own.bias
        if layer.relu is not None:
            out = np.clip(out, 0.0, layer.relu or np.inf)
        maps = out
    return maps.reshape(-1)


def test_the_float_reference_computes_the_formulas(net: ConvNet) -> None:
    model, images = draw(np.random.default_rng(11), net, 2)
    exact = golden_float.run(model, images, np.float64)
    np.testing.assert_allclose(exact, [naive(model, image) for image in images], rtol=1e-10, atol=1e-12)


def test_float32_stays_near_float64(net: ConvNet) -> None:
    model, images = draw(np.random.default_rng(12), net)
    exact = golden_float.run(model, images, np.float64)
    near = golden_float.run(model, images)
    assert near.dtype == np.float32
    assert (np.abs(near - exact) <= 1e-4 * np.abs(exact).max(axis=1, keepdims=True)).all()


@pytest.mark.parametrize(("precision", "most"), [(Precision.Q15, 0.005), (Precision.Q7, 0.15)])
def test_fixed_point_stays_near_float(net: ConvNet, precision: Precision, most: float) -> None:
    model, images = draw(np.random.default_rng(13), net, 40)  # more at once than a batch of the references
    scales = quantise.calibrate(model, precision, images)
    seen: dict[str, int] = {}

    def trace(name: str, exact: Arrays, kept: Arrays) -> None:
        seen[name] = seen.get(name, 0) + int((exact != kept).sum())

    fixed = quantise.quantise(model, scales, precision)
    given = golden_fixed.run(fixed, images, trace) * scales.maps[-1]
    exact = golden_float.run(model, images, np.float64)
    assert np.abs(given - exact).max() <= most * np.abs(exact).max()
    traced = {layer.name for layer in net.layers if layer.kind not in ("rnnpool", "max")}
    assert traced <= seen.keys()
    assert sum(seen[name] for name in traced) == 0, seen  # a cap is no loss


def test_generated_c_gives_the_references(tmp_path: Path, net: ConvNet, request: Any) -> None:
    rng = np.random.default_rng(14)
    arrays = net_arrays(rng, net)
    images = list(rng.integers(0, 256, (5, net.steps, net.features)).astype(np.uint8))
    fields = NETWORKS[request.node.callspec.params["net"]]
    about = Description(
        name="net", task="a test", architecture="convnet", network=fields,
        min_steps=net.steps, max_steps=net.steps, dataset=None, generator="none",
    )  # fmt: skip
    spec = write_folder(tmp_path / "net", about, arrays, images)
    assert spec.network == net
    weights = load_weights(spec)
    exact = spec.architecture.reference(spec, weights, images)
    for precision in Precision:
        wired = [spec.architecture.wire(spec, weights, precision, image) for image in images]
        golden = spec.architecture.golden(spec, weights, precision, wired)
        sources = ["tests/kernels/model.c", str(spec.generated_c(precision))]
        answers = run_model(
            build_host(tmp_path / f"{precision}", sources), spec, precision, wired + wired[:1]
        )
        np.testing.assert_array_equal(answers[-1], answers[0])  # nothing stays from one image to the next
        if precision is Precision.F32:
            distance = np.abs(answers[:-1] - exact)
            assert (distance <= 1e-4 * np.abs(exact).max(axis=1, keepdims=True)).all()
        else:
            assert len(np.unique(golden)) > 3
            np.testing.assert_array_equal(answers[:-1], golden)
        arena = re.search(r"arena\[(\d+)\]", spec.generated_c(precision).read_text())
        plan = make_plan(net, precision)
        assert arena is not None
        assert int(arena[1]) * plan.element == plan.arena


# Memory


def test_nothing_in_the_arena_overlaps(net: ConvNet) -> None:
    for precision in Precision:
        for streamed in (False, True):
            plan = make_plan(net, precision, streamed=streamed)
            for stage in plan.stages:
                buffers = [*stage.held, *(one for one in (stage.source, stage.target) if one is not None)]
                spans = sorted((one.offset, one.offset + one.elements) for one in buffers)
                assert all(end <= start for (_, end), (start, _) in pairwise(spans)), stage
                assert spans == [] or spans[-1][1] * plan.element <= plan.arena
                assert all(one.offset * plan.element % 8 == 0 for one in buffers)
            chain = [(one.source, one.target) for one in plan.stages]
            assert [source for source, _ in chain[1:]] == [target for _, target in chain[:-1]]
            assert chain[0][0] is None
            assert chain[-1][1] is None


def test_a_streamed_map_never_exists() -> None:
    """Worked out by hand for the face network: 4 channels, patches of 8 with stride 4, states of 8."""
    layers = [
        conv(4, stride=2, pad=1, relu=6),
        pool(8, 4, 8, 8),
        {"kind": "pointwise", "channels": 32, "relu": 6},
        {"kind": "average"},
        DENSE,
    ]
    net = network({"input": [96, 96, 1], "mean": 128, "std": 128, "layers": layers})
    streamed, plain = (make_plan(net, Precision.Q7, streamed=one) for one in (True, False))
    held = {one.name: one.elements for one in streamed.stages[0].held}
    assert held == {"row": 48 * 4, "rows": 8 * 11 * 8, "columns": 2 * 48 * 8, "scratch": 264, "patch": 9}
    pooled = 11 * 11 * 32
    assert streamed.arena == 2 * 2 * pooled  # the pointwise layer's two maps
    assert plain.arena == 2 * (48 * 48 * 4 + pooled + 8 * 11 * 8 + 2 * 48 * 8 + 264)
    assert streamed.peak == 96 * 96 + streamed.arena + 3 * 2
    assert make_plan(net, Precision.F32).arena == 2 * streamed.arena


def test_depthwise_layers_are_streamed_into_where_it_saves_memory() -> None:
    net = network(NETWORKS["no pool, depthwise layers that are streamed into"])
    streams = {
        stage.layer.name: (stage.producer.name, {one.name: one.elements for one in stage.held})
        for stage in make_plan(net, Precision.Q7).stages
        if stage.producer is not None
    }
    assert streams == {
        "depthwise1": ("conv0", {"band": 3 * 11 * 24, "patch": 18}),
        "depthwise3": ("pointwise2", {"band": 3 * 6 * 40}),
    }


def largest(plan: Plan) -> int:
    return max(one.elements for stage in plan.stages for one in (stage.source, stage.target) if one)


def test_streaming_never_costs_memory(net: ConvNet) -> None:
    streamed, plain = (make_plan(net, Precision.Q15, streamed=one) for one in (True, False))
    assert streamed.peak <= plain.peak
    assert largest(streamed) <= largest(plain)


# Descriptions and errors


def described(*layers: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"input": [8, 8, 1], "mean": 128, "std": 128, "layers": list(layers)} | more


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (described(conv(2), {"kind": "softmax"}), "unknown layer softmax; choose from: conv, pointwise"),
        (described(conv(2), {"kind": "pointwise"}), "layer pointwise1 is not described as such .channels"),
        (described(conv(2), {"kind": "average", "kernel": 2}), "layer average1 .* it has no fields"),
        (described(conv(2, kernel=9)), "the window of layer conv0 does not fit its map .kernel 9"),
        (described(conv(2, pad=3)), "the window of layer conv0 does not fit its map .kernel 3"),
        (described(conv(2, stride=0)), "stride 0"),
        (described(conv(2, relu=-1)), "layer conv0 has no such relu .-1"),
        (described(conv(2), pool(7, 1, 2, 2)), "the window of layer rnnpool1 does not fit"),
        (described(DENSE), "a network of bytes begins with a conv"),
        (described(), "a network of bytes begins with a conv"),
        (
            described(conv(2), {"kind": "dense", "outputs": 70000}),
            "layer dense1 is too large .70000 channels",
        ),
        (described(conv(0)), "layer conv0 is too large .0 channels"),
        (
            described(conv(1, kernel=1), {"kind": "average"}, input=[300, 300, 1]),
            "layer average1 is too large .1 channels of 90000 elements",
        ),
        (described(conv(2), mean=0.5), "mean of a byte image is a whole number from 0 to 255 .0.5"),
        (described(conv(2), mean=256), "mean of a byte image is a whole number"),
        (described(conv(2), std=0), "std is not positive"),
    ],
)
def test_a_description_that_cannot_be(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(ModelError, match=said):
        network(fields)


def test_what_the_lab_asks_of_a_description() -> None:
    net = network(described(conv(2), DENSE))
    assert (net.steps, net.features, net.outputs, net.classes, net.path_output) == (8, 8, 3, 3, None)
    assert network(described(conv(2))).classes == 0


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("conv0.bias", None, "weights have no conv0.bias"),
        ("conv0.weight", np.zeros((2, 3, 3)), "weight conv0.weight has the wrong shape"),
        ("rnnpool1.U2", None, "weights have no U2"),
        ("dense2.FC", np.full((3, 128), np.inf), "weight dense2.FC is not finite"),
    ],
)
def test_weights_that_do_not_fit(name: str, value: Arrays | None, said: str) -> None:
    net = network(described(conv(2), pool(3, 1, 2, 2), DENSE))
    arrays: dict[str, Any] = dict(net_arrays(np.random.default_rng(1), net)) | {name: value}
    if value is None:
        del arrays[name]
    with pytest.raises(ModelError, match=said):
        from_arrays(net, arrays)


def test_an_image_that_is_not_of_bytes(tmp_path: Path) -> None:
    fields = described(conv(2), DENSE)
    net = network(fields)
    about = Description("net", "a test", "convnet", fields, 8, 8, None, "none")
    rng = np.random.default_rng(1)
    model, images = draw(rng, net, 2)
    spec = write_folder(tmp_path / "net", about, net_arrays(rng, net), images)
    with pytest.raises(VectorError, match=r"an image is not of bytes \(float64\)"):
        spec.architecture.wire(spec, model, Precision.Q7, images[0].astype(np.float64))


# Weights at the edges


@pytest.mark.parametrize("precision", FIXED)
def test_dead_and_tiny_channels_and_large_biases(precision: Precision) -> None:
    net = network(described(conv(4, relu=6), {"kind": "depthwise", "kernel": 3, "relu": 6}, DENSE))
    rng = np.random.default_rng(2)
    arrays = net_arrays(rng, net)
    images = list(rng.integers(0, 256, (4, 8, 8)).astype(np.uint8))
    arrays["conv0.weight"][:3] = 0.0
    arrays["conv0.bias"][:3] = 0.0, 1e-12, 5.0
    arrays["conv0.weight"][3] *= 1e-9
    arrays["depthwise1.weight"][1] = 20.0
    arrays["depthwise1.bias"][1] = -1e3
    model = from_arrays(net, arrays)
    scales = quantise.calibrate(model, precision, images)
    given = golden_fixed.run(quantise.quantise(model, scales, precision), images) * scales.maps[-1]
    exact = golden_float.run(model, images, np.float64)
    assert np.abs(given - exact).max() < 0.05 * np.abs(exact).max()


@pytest.mark.parametrize("precision", FIXED)
def test_a_cap_is_where_16_bits_end(precision: Precision) -> None:
    net = network(described(conv(3, relu=6)))
    rng = np.random.default_rng(3)
    arrays = net_arrays(rng, net)
    arrays["conv0.bias"][:] = 5.0, 20.0, -20.0
    model = from_arrays(net, arrays)
    images = list(rng.integers(0, 256, (4, 8, 8)).astype(np.uint8))
    scales = quantise.calibrate(model, precision, images)
    assert scales.maps[0] * 32767 == pytest.approx(6.0, rel=1e-12)
    fixed = quantise.quantise(model, scales, precision)
    given = golden_fixed.run(fixed, images).reshape(-1, 3)
    assert (given[:, 1] == 32767).all()
    assert (given[:, 2] == 0).all()
    with pytest.raises(ModelError, match="scale of layer conv0 does not saturate at its cap"):
        quantise.quantise(model, replace(scales, maps=(scales.maps[0] * 1.01,)), precision)


def test_sums_coarser_than_a_capped_output_are_refused() -> None:
    net = network(described(conv(1, relu=6), {"kind": "pointwise", "channels": 1, "relu": 6}))
    arrays = net_arrays(np.random.default_rng(4), net)
    arrays["pointwise1.weight"][:] = 1e3
    images = list(np.random.default_rng(4).integers(0, 256, (4, 8, 8)).astype(np.uint8))
    with pytest.raises(ModelError, match="weights of layer pointwise1 are too large for q7"):
        quantise.calibrate(from_arrays(net, arrays), Precision.Q7, images)
