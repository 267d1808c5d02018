"""Cases for convolution, pooling and RNNPool with the references' answers; see ``kernel_cases``."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from hil.models.cell.golden_float import last_state
from hil.models.cell.weights import Cell
from hil.models.convnet import golden_fixed, golden_float
from hil.models.convnet.golden_fixed import BYTE, FixedAffine, FixedAverage, FixedLayer, FixedMax
from hil.models.convnet.network import Affine, Layer, Shape
from hil.models.fixed import ONE, untraced
from hil.models.rnnpool.golden_fixed import FixedPool, pool_map
from hil.models.rnnpool.slide import patches, slide
from hil.values import Precision
from kernel_cases import (
    BLEND_TAILS,
    FUSED_TAILS,
    Case,
    Draw,
    activations,
    fixed_cell_bytes,
    float_cell_bytes,
    float_matrix_bytes,
    matrix_bytes,
    random_fixed_cell,
    random_float_cell,
    random_matrix,
)

Arrays = npt.NDArray[Any]
(
    CONV, CONV_F32, DEPTHWISE, DEPTHWISE_F32, MAX, MAX_F32, AVERAGE, AVERAGE_F32, RNNPOOL, RNNPOOL_F32,
) = range(1, 11)  # enum kind of maps.c  # fmt: skip


def _bytes(*arrays: Arrays) -> bytes:
    return b"".join(np.ascontiguousarray(array).tobytes() for array in arrays)


def _rng(draw: Draw) -> np.random.Generator:
    return np.random.default_rng(draw.integer(0, 2**32 - 1))


def _exact(name: str, request: bytes, answer: Arrays) -> Case:
    return Case(name, request, answer.astype(np.int16), np.zeros(answer.shape))


def draw_window(draw: Draw, kind: str, *, most_channels: int = 40) -> Layer:
    """A layer with a window that fits its map, often barely; of a conv also the output's channels."""
    kernel = draw.integer(1, draw.one_of([3, 5]))
    stride = draw.integer(1, 4)
    pad = draw.integer(0, kernel - 1) if kind in ("conv", "depthwise") else 0
    least = max(1, kernel - 2 * pad)
    height, width = (draw.integer(least, least + draw.one_of([1, 9])) for _ in range(2))
    channels = draw.integer(1, draw.one_of([5, most_channels]))
    size = [patches(length + 2 * pad, kernel, stride) for length in (height, width)]
    made = draw.integer(1, draw.one_of([9, most_channels])) if kind == "conv" else channels
    relu = draw.one_of([None, 0.0, 2.5]) if kind in ("conv", "depthwise") else None
    return Layer(kind, 1, Shape(height, width, channels), Shape(*size, made), kernel, stride, pad, relu)


def window_bytes(layer: Layer) -> bytes:
    """What maps.c's ``taken_window`` takes."""
    before, after = layer.before, layer.after
    return struct.pack("<8I", before.height, before.width, before.channels, after.height, after.width,
                       layer.kernel, layer.stride, layer.pad)  # fmt: skip


def _described(layer: Layer) -> str:
    window = f"{layer.kernel}/{layer.stride}/{layer.pad}"
    return f"{layer.kind} {layer.before} -> {layer.after}, {window} {layer.relu}"


def _image(rng: np.random.Generator, layer: Layer) -> npt.NDArray[np.uint8]:
    shape = layer.before
    return rng.integers(0, 256, (1, shape.height, shape.width, shape.channels)).astype(np.uint8)


def _map(rng: np.random.Generator, draw: Draw, layer: Layer) -> npt.NDArray[np.int16]:
    shape = layer.before
    return activations(rng, draw, 1, shape.height, shape.width, shape.channels)


def _float_map(rng: np.random.Generator, layer: Layer) -> npt.NDArray[np.float32]:
    shape = layer.before
    return rng.standard_normal((1, shape.height, shape.width, shape.channels)).astype(np.float32)


def _fixed_answer(layer: Layer, fixed: FixedLayer, maps: Arrays) -> Arrays:
    return golden_fixed.run_layer(layer, fixed, maps.astype(np.int64), untraced)


# Convolution


def _conv_case(precision: Precision) -> Callable[[Draw], Case]:
    def make(draw: Draw) -> Case:
        layer = draw_window(draw, "conv")
        rng = _rng(draw)
        columns = layer.kernel**2 * layer.before.channels
        matrix = random_matrix(
            rng, draw, precision, layer.after.channels, columns,
            per_row=draw.one_of([False, True]), biased=draw.one_of([False, True]),
        )  # fmt: skip
        of_bytes = draw.one_of([False, True])
        in_place = layer.kernel == 1 and not of_bytes and draw.one_of([False, True])
        mean = draw.integer(0, 255)
        maps = _image(rng, layer) if of_bytes else _map(rng, draw, layer)
        seen = (maps.astype(np.int64) - mean) * BYTE if of_bytes else maps
        answer = _fixed_answer(layer, FixedAffine(matrix, capped=False), seen)
        header = struct.pack("<2I3i", of_bytes, in_place, mean, layer.relu is not None, 0)
        request = struct.pack("<I", CONV) + window_bytes(layer) + header + matrix_bytes(matrix) + _bytes(maps)
        return _exact(
            f"{precision} {_described(layer)}, bytes {of_bytes}, in place {in_place}", request, answer
        )

    return make


def conv_f32_case(draw: Draw) -> Case:
    """Of bytes or of floats, in place where it can be."""
    layer = draw_window(draw, "conv")
    rng = _rng(draw)
    columns = layer.kernel**2 * layer.before.channels
    weight = (rng.standard_normal((layer.after.channels, columns)) / np.sqrt(columns)).astype(np.float32)
    bias = rng.standard_normal(layer.after.channels).astype(np.float32)
    of_bytes = draw.one_of([False, True])
    in_place = layer.kernel == 1 and not of_bytes and draw.one_of([False, True])
    mean = float(draw.integer(0, 255))
    maps = _image(rng, layer) if of_bytes else _float_map(rng, layer)
    seen = maps.astype(np.float64) - (mean if of_bytes else 0.0)
    low, high = (-np.inf, np.inf) if layer.relu is None else (0.0, layer.relu or np.inf)
    header = struct.pack("<2I3f", of_bytes, in_place, mean, low, high)
    request = struct.pack("<I", CONV_F32) + window_bytes(layer) + header + float_matrix_bytes([weight], bias)
    name = f"f32 {_described(layer)}, bytes {of_bytes}, in place {in_place}"
    return _float_affine(name, layer, weight, bias, seen, request + _bytes(maps))


def _float_affine(
    name: str, layer: Layer, weight: Arrays, bias: Arrays, seen: Arrays, request: bytes
) -> Case:
    """The answer in float64, and the rounding that the terms of each sum allow."""
    answer = golden_float.affine(layer, Affine(weight, bias), seen)
    linear = replace(layer, relu=None)
    most = golden_float.affine(linear, Affine(np.abs(weight), np.abs(bias)), np.abs(seen))
    error = most * (weight[0].size + 2) * 2.0**-24 + 1e-30
    return Case(name, request, answer.astype(np.float32), error)


def _depthwise_case(precision: Precision) -> Callable[[Draw], Case]:
    def make(draw: Draw) -> Case:
        layer = draw_window(draw, "depthwise")
        rng = _rng(draw)
        matrix = random_matrix(
            rng, draw, precision, layer.before.channels, layer.kernel**2, per_row=True, biased=True
        )
        maps = _map(rng, draw, layer)
        answer = _fixed_answer(layer, FixedAffine(matrix, capped=False), maps)
        assert matrix.bias is not None
        header = struct.pack("<2I", matrix.first.itemsize, layer.relu is not None)
        arrays = _bytes(matrix.multipliers.astype(np.int32), matrix.bias, matrix.first.T, maps)
        request = struct.pack("<I", DEPTHWISE) + window_bytes(layer) + header + arrays
        return _exact(f"{precision} {_described(layer)}", request, answer)

    return make


def depthwise_f32_case(draw: Draw) -> Case:
    """A window for every channel."""
    layer = draw_window(draw, "depthwise")
    rng = _rng(draw)
    weight = rng.standard_normal((layer.before.channels, layer.kernel, layer.kernel)).astype(np.float32)
    bias = rng.standard_normal(layer.before.channels).astype(np.float32)
    maps = _float_map(rng, layer)
    limits = np.array([-np.inf, np.inf] if layer.relu is None else [0.0, layer.relu or np.inf], np.float32)
    arrays = _bytes(limits, bias, weight.transpose(1, 2, 0), maps)
    request = struct.pack("<I", DEPTHWISE_F32) + window_bytes(layer) + arrays
    return _float_affine(f"f32 {_described(layer)}", layer, weight, bias, maps.astype(np.float64), request)


# Pooling


def max_case(draw: Draw) -> Case:
    """Windows over any map."""
    layer = draw_window(draw, "max")
    maps = _map(_rng(draw), draw, layer)
    request = struct.pack("<I", MAX) + window_bytes(layer) + _bytes(maps)
    return _exact(_described(layer), request, _fixed_answer(layer, FixedMax(), maps))


def max_f32_case(draw: Draw) -> Case:
    """The same numbers out as in, so no error."""
    layer = draw_window(draw, "max")
    maps = _float_map(_rng(draw), layer)
    request = struct.pack("<I", MAX_F32) + window_bytes(layer) + _bytes(maps)
    answer = golden_float.run_layer(layer, maps)
    return Case(f"f32 {_described(layer)}", request, answer, np.zeros(answer.shape))


def _whole(draw: Draw) -> Layer:
    height, width, channels = draw.integer(1, 20), draw.integer(1, 20), draw.integer(1, draw.one_of([5, 70]))
    return Layer("average", 1, Shape(height, width, channels), Shape(1, 1, channels))


def average_case(draw: Draw) -> Case:
    """A whole map of any size, with any multiplier."""
    layer = _whole(draw)
    maps = _map(_rng(draw), draw, layer)
    multiplier = draw.integer(1, 2**31 - 1)
    answer = _fixed_answer(layer, FixedAverage(multiplier), maps)
    pixels = layer.before.height * layer.before.width
    header = struct.pack("<4I", AVERAGE, pixels, layer.before.channels, multiplier)
    return _exact(_described(layer), header + _bytes(maps), answer.reshape(-1))


def average_f32_case(draw: Draw) -> Case:
    """A whole map of any size."""
    layer = _whole(draw)
    maps = _float_map(_rng(draw), layer)
    pixels = layer.before.height * layer.before.width
    scale = np.float32(1.0 / pixels)
    request = struct.pack("<3If", AVERAGE_F32, pixels, layer.before.channels, scale) + _bytes(maps)
    wide = maps.astype(np.float64).reshape(pixels, -1)
    error = np.abs(wide).sum(axis=0) * scale * (pixels + 2) * 2.0**-24 + 1e-30
    return Case(f"f32 {_described(layer)}", request, wide.mean(axis=0).astype(np.float32), error)


# RNNPool


def _draw_pool(draw: Draw) -> tuple[int, int, int, int]:
    """Patch, stride, and the map's height and width."""
    patch = draw.integer(1, 8)
    stride = draw.integer(1, patch + 2)
    height, width = (patch + draw.integer(0, draw.one_of([3, 12])) for _ in range(2))
    return patch, stride, height, width


def _pool_bytes(kind: int, sizes: tuple[int, int, int, int], channels: int) -> bytes:
    patch, stride, height, width = sizes
    out = [patches(length, patch, stride) for length in (height, width)]
    return struct.pack("<8I", kind, height, width, channels, *out, patch, stride)


def _fixed_pool_cell(rng: np.random.Generator, draw: Draw, precision: Precision, features: int) -> Any:
    """A cell that takes ``features``, and its tail."""
    tight = draw.one_of([False, True])
    cell = random_fixed_cell(rng, draw, precision, tight=tight)
    if cell.w1 is not None:
        cell = replace(cell, w1=random_matrix(rng, draw, precision, len(cell.w1.first), features))
    else:
        second = cell.mix.second
        assert second is not None
        mix = random_matrix(rng, draw, precision, cell.hidden, features, second.shape[1])
        cell = replace(cell, mix=mix)
    tail = FUSED_TAILS[cell.pre] if tight and draw.one_of([True, False]) else int(cell.gate is None)
    if tight and draw.one_of([True, False]):  # as RNNPool's cells are
        cell, tail = replace(cell, zeta=ONE, nu=0, shift=0), BLEND_TAILS[cell.pre]
    return replace(cell, features=features), tail


def _rnnpool_case(precision: Precision) -> Callable[[Draw], Case]:
    def make(draw: Draw) -> Case:
        sizes = _draw_pool(draw)
        channels = draw.integer(1, draw.one_of([5, 20]))
        rng = _rng(draw)
        first, first_tail = _fixed_pool_cell(rng, draw, precision, channels)
        second, second_tail = _fixed_pool_cell(rng, draw, precision, first.hidden)
        patch, stride, height, width = sizes
        maps = activations(rng, draw, 1, height, width, channels)
        once = pool_map(FixedPool(patch, first, second), maps, stride)
        sparse = draw.one_of([False, True])
        cells = fixed_cell_bytes(first, first_tail, sparse=sparse)
        cells += fixed_cell_bytes(second, second_tail, sparse=sparse)
        name = f"{precision} RNNPool {patch}/{stride} on {height} x {width} x {channels}, "
        name += f"{first.hidden}/{second.hidden}, tails {first_tail}/{second_tail}, sparse {sparse}"
        return _exact(
            name, _pool_bytes(RNNPOOL, sizes, channels) + cells + _bytes(maps), np.stack([once, once])
        )

    return make


def _float_pool_cell(rng: np.random.Generator, draw: Draw, features: int) -> Cell:
    cell = random_float_cell(rng, draw)
    shape = replace(cell.shape, features=features)

    def weights(rows: int) -> npt.NDArray[np.float32]:
        return (0.5 * rng.standard_normal((rows, features)) / np.sqrt(features)).astype(np.float32)

    if cell.w1 is not None:
        return replace(cell, shape=shape, w1=weights(shape.rank_w))
    return replace(cell, shape=shape, w2=weights(shape.hidden))


def rnnpool_f32_case(draw: Draw) -> Case:
    """Any cells, patch by patch and row by row."""
    sizes = _draw_pool(draw)
    channels = draw.integer(1, draw.one_of([5, 20]))
    rng = _rng(draw)
    first = _float_pool_cell(rng, draw, channels)
    second = _float_pool_cell(rng, draw, first.shape.hidden)
    patch, stride, height, width = sizes
    maps = rng.standard_normal((1, height, width, channels)).astype(np.float32)
    once = slide(
        lambda batch: last_state(first, batch),
        lambda batch: last_state(second, batch),
        maps.astype(np.float64),
        patch,
        stride,
    )
    sparse = draw.one_of([False, True])
    cells = float_cell_bytes(first, sparse=sparse) + float_cell_bytes(second, sparse=sparse)
    answer = np.stack([once, once])
    return Case(
        name=f"f32 RNNPool {patch}/{stride} on {height} x {width} x {channels}, {first.shape} {second.shape}",
        request=_pool_bytes(RNNPOOL_F32, sizes, channels) + cells + _bytes(maps),
        answer=answer.astype(np.float32),
        error=np.full(answer.shape, 1e-4 * np.abs(answer).max()),
    )


CASES: Mapping[str, Callable[[Draw], Case]] = {
    "conv_q15": _conv_case(Precision.Q15),
    "conv_q7": _conv_case(Precision.Q7),
    "conv_f32": conv_f32_case,
    "depthwise_q15": _depthwise_case(Precision.Q15),
    "depthwise_q7": _depthwise_case(Precision.Q7),
    "depthwise_f32": depthwise_f32_case,
    "max_fixed": max_case,
    "max_f32": max_f32_case,
    "average_fixed": average_case,
    "average_f32": average_f32_case,
    "rnnpool_q15": _rnnpool_case(Precision.Q15),
    "rnnpool_q7": _rnnpool_case(Precision.Q7),
    "rnnpool_f32": rnnpool_f32_case,
}
