"""The fixed-point reference of convolution networks: what the C kernels must give, bit for bit.

A byte of the input becomes (byte - mean) BYTE, which fills 16 bits. ``hil.models.fixed`` has the arithmetic;
every output channel of a layer has a weight scale, and so a multiplier, of its own. A ReLU's cap is the
saturation of its output's scale.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hil.models.convnet.network import ConvNet, Layer
from hil.models.convnet.windows import padded, windows
from hil.models.fixed import (
    LARGEST,
    FixedMatrix,
    Int16,
    Int64,
    Trace,
    fits32,
    renamed,
    rescale,
    saturate,
    untraced,
)
from hil.models.rnnpool.golden_fixed import FixedPool, pool_map

BYTE = 128  # integers per step of a byte of the input
_BATCH = 32  # images at once: what they need of memory


@dataclass(frozen=True)
class FixedAffine:
    """A layer's integers, rows being output channels; in a depthwise layer a row is the channel's own window.

    ``capped``: the output saturates where its ReLU does.
    """

    matrix: FixedMatrix
    capped: bool


@dataclass(frozen=True)
class FixedAverage:
    """The multiplier that holds 1 / pixels."""

    multiplier: int


@dataclass(frozen=True)
class FixedMax:
    """A maximum needs no numbers."""


FixedLayer = FixedAffine | FixedPool | FixedAverage | FixedMax


@dataclass(frozen=True)
class FixedConvNet:
    """The integers of all layers, in order."""

    network: ConvNet
    layers: tuple[FixedLayer, ...]


def run(model: FixedConvNet, inputs: Sequence[npt.NDArray[Any]], trace: Trace = untraced) -> Int16:
    """Outputs (N, outputs) int16 of byte images, N arrays (H, W C)."""
    parts = [
        _run(model, np.stack(list(inputs[first : first + _BATCH])), trace)
        for first in range(0, len(inputs), _BATCH)
    ]
    return np.concatenate(parts)


def _run(model: FixedConvNet, images: npt.NDArray[Any], trace: Trace) -> Int16:
    net = model.network
    shape = net.input
    maps: Int64 = images.reshape(-1, shape.height, shape.width, shape.channels).astype(np.int64)
    maps = (maps - net.mean) * BYTE
    for layer, fixed in zip(net.layers, model.layers, strict=True):
        maps = run_layer(layer, fixed, maps, trace)
    return maps.reshape(len(images), -1).astype(np.int16)


def run_layer(layer: Layer, fixed: FixedLayer, maps: Int64, trace: Trace) -> Int64:
    """One layer over ``maps`` (N, H, W, C), all within int16."""
    match fixed:
        case FixedPool():
            return pool_map(fixed, padded(maps, layer.pad), layer.stride, renamed(trace, f"{layer.name}."))
        case FixedAffine():
            return _affine(layer, fixed, maps, trace)
        case FixedAverage():
            sums = fits32(maps.sum(axis=(1, 2), keepdims=True))
            exact = rescale(sums, fixed.multiplier)
            kept = saturate(exact)
            trace(layer.name, exact, kept)
            return kept
        case FixedMax():
            return np.asarray(windows(layer, maps).max(axis=(3, 4)))


def _affine(layer: Layer, fixed: FixedAffine, maps: Int64, trace: Trace) -> Int64:
    matrix = fixed.matrix
    if layer.kind == "depthwise":
        sums = _depthwise_sums(layer, matrix, maps)
    else:
        seen = maps if layer.kind == "dense" else windows(layer, maps)
        sums = matrix.sums(seen.reshape(len(maps) * layer.after.height * layer.after.width, -1))
    exact = rescale(sums, matrix.multipliers)
    if layer.relu is not None:
        exact = np.clip(exact, 0, LARGEST if fixed.capped else None)
    kept = saturate(exact)
    trace(layer.name, exact, kept)
    return kept.reshape(len(maps), layer.after.height, layer.after.width, layer.after.channels)


def _depthwise_sums(layer: Layer, matrix: FixedMatrix, maps: Int64) -> Int64:
    seen = windows(layer, maps).reshape(
        len(maps) * layer.after.height * layer.after.width, layer.kernel**2, -1
    )
    sums: Int64 = np.sum(seen * matrix.first.T.astype(np.int64), axis=1)
    return fits32(sums if matrix.bias is None else sums + matrix.bias)
