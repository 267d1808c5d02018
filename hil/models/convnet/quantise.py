"""Float convolution networks -> fixed point: scales from calibration images, integers from scales.

Rules:
- a byte of the input is (byte - mean) BYTE integers, at the scale 1 / (std BYTE);
- every output channel has the smallest weight scale at which its row fits the weights' width and its sum
  cannot leave 32 bits;
- an activation's scale leaves HEADROOM over the largest magnitude seen, but no more than a ReLU's cap: there
  the saturation of 16 bits is the cap;
- a maximum keeps its input's scale; RNNPool follows ``hil.models.rnnpool.quantise``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hil.errors import ModelError
from hil.models.convnet import golden_float
from hil.models.convnet.golden_fixed import (
    BYTE,
    FixedAffine,
    FixedAverage,
    FixedConvNet,
    FixedLayer,
    FixedMax,
)
from hil.models.convnet.network import Affine, ConvNet, ConvNetWeights, Layer
from hil.models.convnet.windows import padded
from hil.models.fixed import HEADROOM, LARGEST, activation_scale, fixed_matrix, multiplier, weight_scale
from hil.models.rnnpool.quantise import PoolScales, calibrate_pool, quantise_pool, read_pool_scales
from hil.values import Precision

Floats = npt.NDArray[Any]

_LEAST_RATIO = 2.0**-31  # from a sum to an activation: what a multiplier can hold
_ZERO_RATIO = 2.0**-16  # of a row without weights
_CAP_TOLERANCE = 1e-9
_MOST_RATIO = 0.4  # below the half that a multiplier cannot hold


@dataclass(frozen=True)
class ConvNetScales:
    """``maps``: of each layer's output; ``pools``: of RNNPool's cells, by the layer's number."""

    maps: tuple[float, ...]
    pools: Mapping[int, PoolScales]


def read_scales(fields: Mapping[str, Any]) -> ConvNetScales:
    """From the form that ``dataclasses.asdict`` gives them."""
    pools = {int(number): read_pool_scales(pool) for number, pool in fields["pools"].items()}
    return ConvNetScales(tuple(float(scale) for scale in fields["maps"]), pools)


def calibrate(
    model: ConvNetWeights, precision: Precision, inputs: Sequence[npt.NDArray[Any]]
) -> ConvNetScales:
    """Scales for ``model`` from byte images, N arrays (H, W C), in float64."""
    largest = [0.0] * len(model.network.layers)
    pooled: dict[int, list[Floats]] = {number: [] for number in model.pools}

    def see(layer: Layer, before: Floats, after: Floats) -> None:
        largest[layer.number] = max(largest[layer.number], float(np.abs(after).max(initial=0.0)))
        if layer.number in pooled:
            pooled[layer.number].append(padded(before, layer.pad))

    golden_float.run(model, inputs, np.float64, precision, see)
    maps: list[float] = []
    pools: dict[int, PoolScales] = {}
    before = _input_scale(model.network)
    for layer, most in zip(model.network.layers, largest, strict=True):
        if layer.number in pooled:
            images = np.concatenate(pooled[layer.number])
            pools[layer.number] = calibrate_pool(
                model.pools[layer.number], images, layer.stride, precision, before
            )
            before = pools[layer.number].second.state
        elif layer.number in model.affine:
            before = _output_scale(layer, most, model.affine[layer.number], precision, before)
        elif layer.kind == "average":
            before = activation_scale(most, before / (_pixels(layer) * _MOST_RATIO))
        maps.append(before)
    return ConvNetScales(tuple(maps), pools)


def quantise(model: ConvNetWeights, scales: ConvNetScales, precision: Precision) -> FixedConvNet:
    """The integers of ``model`` at ``scales``; ModelError when some sum could overflow."""
    before = _input_scale(model.network)
    layers: list[FixedLayer] = []
    for layer, after in zip(model.network.layers, scales.maps, strict=True):
        layers.append(_quantise_layer(model, layer, scales, precision, before, after))
        before = after
    return FixedConvNet(model.network, tuple(layers))


def _quantise_layer(
    model: ConvNetWeights,
    layer: Layer,
    scales: ConvNetScales,
    precision: Precision,
    before: float,
    after: float,
) -> FixedLayer:
    if layer.number in model.pools:
        return quantise_pool(model.pools[layer.number], scales.pools[layer.number], precision)
    if layer.kind == "average":
        return FixedAverage(multiplier(before / (_pixels(layer) * after)))
    if layer.kind == "max":
        return FixedMax()
    affine = model.affine[layer.number]
    matrix = _rows(layer, affine)
    rows = _row_scales(matrix, affine.bias, precision, before, after)
    fixed = fixed_matrix(
        layer.name, precision, matrix, rows, rows * before / after, bias=affine.bias, sum_scale=rows * before
    )
    return FixedAffine(fixed, capped=_capped(layer, after))


def _output_scale(layer: Layer, most: float, affine: Affine, precision: Precision, before: float) -> float:
    matrix = _rows(layer, affine)
    wanted = activation_scale(min(most, layer.relu / HEADROOM) if layer.relu else most)
    coarsest = float(np.max(_row_scales(matrix, affine.bias, precision, before, wanted)))
    least = coarsest * before / _MOST_RATIO
    if layer.relu and least > layer.relu / LARGEST:
        raise ModelError(
            f"weights of layer {layer.name} are too large for {precision}",
            evidence=f"its sums are coarser than outputs up to {layer.relu:g}",
        )
    return max(wanted, least)


def _row_scales(
    matrix: Floats, bias: Floats, precision: Precision, before: float, after: float
) -> npt.NDArray[np.float64]:
    """The weight scale of each row, at which its multiplier is not 0."""
    scales = np.empty(len(matrix))
    for row in range(len(matrix)):
        own, offset = matrix[row : row + 1], bias[row : row + 1]
        empty = not own.any() and not offset.any()
        least = after / before * (_ZERO_RATIO if empty else _LEAST_RATIO)
        scales[row] = least if empty else max(weight_scale(own, precision, offset, before), least)
    return scales


def _rows(layer: Layer, affine: Affine) -> Floats:
    """The weights with one row per output channel."""
    return affine.weight.reshape(layer.after.channels, -1)


def _capped(layer: Layer, after: float) -> bool:
    """Whether 16 bits end where the ReLU's cap does; ModelError when they end beyond it."""
    if not layer.relu:
        return False
    if LARGEST * after > layer.relu * (1.0 + _CAP_TOLERANCE):
        raise ModelError(
            f"the scale of layer {layer.name} does not saturate at its cap",
            evidence=f"it holds {LARGEST * after:g}, the cap is {layer.relu:g}",
            remedy="calibrate the scales again",
        )
    return LARGEST * after >= layer.relu * (1.0 - _CAP_TOLERANCE)


def _input_scale(net: ConvNet) -> float:
    return 1.0 / (net.std * BYTE)


def _pixels(layer: Layer) -> int:
    return layer.before.height * layer.before.width
