"""The float reference of convolution networks, in float32 as the firmware counts or in float64.

A float32 result lies within 1e-4 of the float64 one, relative to the vector's largest output. Sums run from
the first element of a window to the last, as in the plain C kernels: BLAS has an order per machine.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from hil.models.cell.golden_float import matvec
from hil.models.convnet.network import Affine, ConvNetWeights, Layer
from hil.models.convnet.windows import padded, windows
from hil.models.rnnpool.golden_float import pool_map
from hil.values import Precision

Floats = npt.NDArray[Any]
See = Callable[[Layer, Floats, Floats], None]  # a layer with its input and output maps

_BATCH = 32  # images at once: what they need of memory


def unseen(layer: Layer, before: Floats, after: Floats) -> None:
    """Looks at nothing."""


def run(
    model: ConvNetWeights,
    inputs: Sequence[npt.NDArray[Any]],
    dtype: type[np.float32] | type[np.float64] = np.float32,
    precision: Precision = Precision.F32,
    see: See = unseen,
) -> Floats:
    """Outputs (N, outputs) of byte images, N arrays (H, W C), computed in ``dtype``.

    The nonlinearities of RNNPool are those of ``precision``; ``see`` is shown every layer's maps.
    """
    parts = [
        _run(model, np.stack(list(inputs[first : first + _BATCH])), dtype, precision, see)
        for first in range(0, len(inputs), _BATCH)
    ]
    return np.concatenate(parts)


def _run(
    model: ConvNetWeights,
    images: npt.NDArray[Any],
    dtype: type[np.float32] | type[np.float64],
    precision: Precision,
    see: See,
) -> Floats:
    net = model.network
    shape = net.input
    maps: Floats = images.reshape(-1, shape.height, shape.width, shape.channels).astype(dtype)
    maps = (maps - dtype(net.mean)) / dtype(net.std)
    for layer in net.layers:
        if layer.number in model.pools:
            pool = model.pools[layer.number]
            after = pool_map(pool, padded(maps, layer.pad), layer.stride, precision)
        elif layer.number in model.affine:
            after = affine(layer, model.affine[layer.number], maps)
        else:
            after = run_layer(layer, maps)
        see(layer, maps, after)
        maps = after
    return maps.reshape(len(images), -1)


def run_layer(layer: Layer, maps: Floats) -> Floats:
    """A layer without weights, max or average, over ``maps`` (N, H, W, C)."""
    return np.asarray(windows(layer, maps).max(axis=(3, 4))) if layer.kind == "max" else _average(maps)


def affine(layer: Layer, weights: Affine, maps: Floats) -> Floats:
    """A layer with weights of its own, RNNPool apart, over ``maps`` (N, H, W, C)."""
    dtype = maps.dtype
    if layer.kind == "depthwise":
        seen = windows(layer, maps)
        total = np.zeros(seen.shape[:3] + seen.shape[5:], dtype=dtype) + weights.bias.astype(dtype)
        for y in range(layer.kernel):
            for x in range(layer.kernel):
                total += weights.weight[:, y, x].astype(dtype) * seen[:, :, :, y, x]
    else:
        seen = maps if layer.kind == "dense" else windows(layer, maps)
        vectors = seen.reshape(len(maps) * layer.after.height * layer.after.width, -1)
        matrix = weights.weight.reshape(layer.after.channels, -1)
        total = matvec(matrix, vectors) + weights.bias.astype(dtype)
    out = total.reshape(len(maps), layer.after.height, layer.after.width, layer.after.channels)
    return out if layer.relu is None else np.asarray(np.clip(out, 0.0, layer.relu or np.inf), dtype=dtype)


def _average(maps: Floats) -> Floats:
    """Over the whole map, pixel by pixel."""
    pixels = maps.reshape(len(maps), -1, maps.shape[-1])
    total = np.zeros_like(pixels[:, 0])
    for pixel in range(pixels.shape[1]):
        total += pixels[:, pixel]
    return np.asarray(total * maps.dtype.type(1.0 / pixels.shape[1])).reshape(len(maps), 1, 1, -1)
