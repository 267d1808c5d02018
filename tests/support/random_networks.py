"""Random float weights of RNNPool blocks and convolution networks, by the names of their weights files."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from hil.models.cell.weights import CellShape
from hil.models.convnet.network import ConvNet, Layer
from hil.models.rnnpool.network import PoolShape

Arrays = npt.NDArray[Any]


def _draw(rng: np.random.Generator, *shape: int, gain: float = 1.0) -> npt.NDArray[np.float32]:
    return (gain * rng.standard_normal(shape) / np.sqrt(max(shape[-1], 1))).astype(np.float32)


def _cell(rng: np.random.Generator, shape: CellShape, suffix: str) -> dict[str, Arrays]:
    """Gains at which the state moves and neither runs away nor sticks."""
    arrays: dict[str, Arrays] = {}
    for letter, rank, columns, gain in (
        ("W", shape.rank_w, shape.features, 1.0),
        ("U", shape.rank_u, shape.hidden, 0.5),
    ):
        if rank:
            arrays[f"{letter}1"] = _draw(rng, rank, columns)
            arrays[f"{letter}2"] = _draw(rng, shape.hidden, rank, gain=gain)
        else:
            arrays[letter] = _draw(rng, shape.hidden, columns, gain=gain)
    arrays |= {
        "Bg": rng.uniform(-1, 1, shape.hidden).astype(np.float32),
        "Bh": rng.uniform(-0.3, 0.3, shape.hidden).astype(np.float32),
        "zeta": np.array(rng.uniform(0.5, 1.0), np.float32),
        "nu": np.array(rng.uniform(0.0, 0.1), np.float32),
    }
    return {name + suffix: array for name, array in arrays.items()}


def pool_arrays(rng: np.random.Generator, shape: PoolShape, classes: int = 0) -> dict[str, Arrays]:
    """The two cells, and a classifier where there are ``classes``."""
    arrays = _cell(rng, shape.first, "1") | _cell(rng, shape.second, "2")
    if classes:
        arrays |= {"FC": _draw(rng, classes, shape.outputs), "FCbias": _draw(rng, classes)}
    return arrays


def net_arrays(rng: np.random.Generator, net: ConvNet) -> dict[str, Arrays]:
    """Every layer, at gains that keep activations around 1."""
    arrays: dict[str, Arrays] = {}
    for layer in net.layers:
        own = pool_arrays(rng, layer.pool) if layer.pool is not None else _affine(rng, layer)
        arrays |= {f"{layer.name}.{name}": array for name, array in own.items()}
    return arrays


def _affine(rng: np.random.Generator, layer: Layer) -> dict[str, Arrays]:
    channels, kernel, inside = layer.after.channels, layer.kernel, layer.before
    shape = {
        "conv": (channels, kernel, kernel, inside.channels),
        "pointwise": (channels, inside.channels),
        "depthwise": (channels, kernel, kernel),
        "dense": (channels, inside.elements),
    }.get(layer.kind)
    if shape is None:
        return {}
    gain = 1.5 / np.sqrt(np.prod(shape[1:]))
    names = ("FC", "FCbias") if layer.kind == "dense" else ("weight", "bias")
    weight = (gain * rng.standard_normal(shape)).astype(np.float32)
    return dict(zip(names, (weight, rng.uniform(-0.3, 0.3, channels).astype(np.float32)), strict=True))
