"""What a convolution network is: its layers with their shapes, and its float weights, checked on the way in.

The input is an image of bytes, (height, width, channels); the network sees x = (byte - mean) / std. On the
wire a vector has one step per row and width * channels features. Maps lie row by row, pixel by pixel, all
channels of a pixel together. Every padding is real 0. Layers in model.json, in order:

kind        fields                                            weights
conv        kernel, channels; stride 1, pad 0, relu           weight (channels, kernel, kernel, in), bias
pointwise   channels; relu                                    weight (channels, in), bias
depthwise   kernel; stride 1, pad 0, relu                     weight (in, kernel, kernel), bias
rnnpool     patch, stride, hidden1, hidden2, gate, update;    W1, U1, Bg1, Bh1, zeta1, nu1, and with 2:
            pad 0, fixed_gate, fixed_update                   hil.models.rnnpool.network
max         kernel; stride kernel
average     (over the whole map)
dense       outputs; relu                                     FC (outputs, in), FCbias

``relu`` is what the output is capped at (6: ReLU6); 0 is a ReLU without a cap; without it the layer is
linear. The weights of layer 0, a conv, are called conv0.weight and conv0.bias, and so on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hil.errors import ModelError
from hil.models.cell.weights import Taker
from hil.models.rnnpool.network import Pool, PoolShape, pool_from_arrays, pool_shape
from hil.models.rnnpool.slide import patches

Arrays = npt.NDArray[Any]
Float32 = npt.NDArray[np.float32]
MOST_KERNEL = 255  # a byte in the kernels
MOST_ELEMENTS = 65535  # of a matrix's rows and columns, and pixels whose sum fits 32 bits

_FIELDS: Mapping[str, tuple[frozenset[str], frozenset[str]]] = {  # required, optional
    "conv": (frozenset({"kernel", "channels"}), frozenset({"stride", "pad", "relu"})),
    "pointwise": (frozenset({"channels"}), frozenset({"relu"})),
    "depthwise": (frozenset({"kernel"}), frozenset({"stride", "pad", "relu"})),
    "rnnpool": (
        frozenset({"patch", "stride", "hidden1", "hidden2", "gate", "update"}),
        frozenset({"pad", "fixed_gate", "fixed_update"}),
    ),
    "max": (frozenset({"kernel"}), frozenset({"stride"})),
    "average": (frozenset(), frozenset()),
    "dense": (frozenset({"outputs"}), frozenset({"relu"})),
}


@dataclass(frozen=True)
class Shape:
    """Of a map: (height, width, channels)."""

    height: int
    width: int
    channels: int

    @property
    def elements(self) -> int:
        """Of the whole map."""
        return self.height * self.width * self.channels


@dataclass(frozen=True)
class Layer:
    """One layer in its place: ``kind`` and ``number`` name it.

    ``before`` and ``after`` are the shapes of its input and output; ``pool`` is the block of an RNNPool, and
    the ``kernel`` then its patch.
    """

    kind: str
    number: int
    before: Shape
    after: Shape
    kernel: int = 1
    stride: int = 1
    pad: int = 0
    relu: float | None = None
    pool: PoolShape | None = None

    @property
    def name(self) -> str:
        """As the weights' names begin."""
        return f"{self.kind}{self.number}"

    @property
    def macs(self) -> int:
        """Multiply-accumulates, or comparisons and sums."""
        if self.pool is not None:
            return self.after.height * self.after.width * self.pool.macs
        if self.kind in ("average", "dense"):
            return self.before.elements * (self.after.elements if self.kind == "dense" else 1)
        across = self.before.channels if self.kind in ("conv", "pointwise") else 1
        return self.after.elements * self.kernel**2 * across


@dataclass(frozen=True)
class ConvNet:
    """A network on an image of bytes, which an integer ``mean`` and ``std`` normalise."""

    input: Shape
    mean: int
    std: float
    layers: tuple[Layer, ...]

    @property
    def steps(self) -> int:
        """Rows of the image."""
        return self.input.height

    @property
    def features(self) -> int:
        """Elements of a row of the image."""
        return self.input.width * self.input.channels

    @property
    def outputs(self) -> int:
        """Elements of the output."""
        return self.layers[-1].after.elements

    @property
    def classes(self) -> int:
        """Scores of classes among the outputs: all, where the last layer is dense."""
        return self.outputs if self.layers[-1].kind == "dense" else 0

    @property
    def path_output(self) -> None:
        """There is one way through the network."""
        return

    def macs(self, steps: int) -> int:
        """Of all layers."""
        return sum(layer.macs for layer in self.layers)


@dataclass(frozen=True)
class Affine:
    """A layer's ``weight`` and ``bias`` (channels,); the module says the shapes."""

    weight: Float32
    bias: Float32


@dataclass(frozen=True)
class ConvNetWeights:
    """All weights, float32, by the layer's number."""

    network: ConvNet
    affine: Mapping[int, Affine]
    pools: Mapping[int, Pool]


def network(fields: Mapping[str, Any]) -> ConvNet:
    """The description in model.json; ModelError when a layer cannot be, TypeError or KeyError otherwise."""
    image = Shape(*(int(size) for size in fields["input"]))
    mean = fields["mean"]
    if mean != int(mean) or not 0 <= mean <= 255:
        raise ModelError("the mean of a byte image is a whole number from 0 to 255", evidence=f"{mean}")
    if not fields["std"] > 0:
        raise ModelError("std is not positive", evidence=f"{fields['std']}")
    layers: list[Layer] = []
    for number, layer in enumerate(fields["layers"]):
        before = layers[-1].after if layers else image
        layers.append(_layer(number, dict(layer), before))
    if not layers or layers[0].kind != "conv":
        raise ModelError(
            "a network of bytes begins with a conv", evidence=f"{[layer.kind for layer in layers]}"
        )
    return ConvNet(image, int(mean), float(fields["std"]), tuple(layers))


def _layer(number: int, fields: dict[str, Any], before: Shape) -> Layer:
    kind = fields.pop("kind")
    if kind not in _FIELDS:
        raise ModelError(f"unknown layer {kind}", remedy=f"choose from: {', '.join(_FIELDS)}")
    required, optional = _FIELDS[kind]
    wrong = sorted((required - fields.keys()) | (fields.keys() - required - optional))
    if wrong:
        raise ModelError(
            f"layer {kind}{number} is not described as such",
            evidence=f"{', '.join(wrong)} missing or unknown",
            remedy=f"it has {', '.join(sorted(required | optional)) or 'no fields'}",
        )
    if kind == "rnnpool":
        return _rnnpool(number, fields, before)
    kernel = int(fields.get("kernel", 1))
    stride = int(fields.get("stride", kernel if kind == "max" else 1))
    pad = int(fields.get("pad", 0))
    relu = fields.get("relu")
    if relu is not None and not relu >= 0:
        raise ModelError(f"layer {kind}{number} has no such relu", evidence=f"{relu}")
    _check_window(f"{kind}{number}", kernel, stride, pad, before)
    height, width = (patches(length + 2 * pad, kernel, stride) for length in (before.height, before.width))
    if kind in ("average", "dense"):
        height = width = 1
    channels = int(fields.get("channels", fields.get("outputs", before.channels)))
    whole = {"average": before.height * before.width, "dense": before.elements}
    inside = whole.get(kind, kernel**2 * before.channels)
    if not (1 <= channels <= MOST_ELEMENTS and inside <= MOST_ELEMENTS):
        raise ModelError(
            f"layer {kind}{number} is too large", evidence=f"{channels} channels of {inside} elements each"
        )
    return Layer(kind, number, before, Shape(height, width, channels), kernel, stride, pad, relu)


def _rnnpool(number: int, fields: dict[str, Any], before: Shape) -> Layer:
    stride, pad = int(fields.pop("stride")), int(fields.pop("pad", 0))
    pool = pool_shape(channels=before.channels, **fields)
    _check_window(f"rnnpool{number}", pool.patch, stride, pad, before)
    height, width = (
        patches(length + 2 * pad, pool.patch, stride) for length in (before.height, before.width)
    )
    after = Shape(height, width, pool.outputs)
    return Layer("rnnpool", number, before, after, pool.patch, stride, pad, None, pool)


def _check_window(name: str, kernel: int, stride: int, pad: int, before: Shape) -> None:
    """ModelError when a window has no such sizes or does not fit its map."""
    least = min(before.height, before.width) + 2 * pad
    if not (1 <= kernel <= min(least, MOST_KERNEL) and 1 <= stride <= MOST_KERNEL and 0 <= pad < kernel):
        raise ModelError(
            f"the window of layer {name} does not fit its map",
            evidence=f"kernel {kernel}, stride {stride}, pad {pad} on {before.height} x {before.width}",
        )


def from_arrays(net: ConvNet, arrays: Mapping[str, Arrays]) -> ConvNetWeights:
    """Check and name the arrays of a weights file; zeta and nu are already through the logistic function.

    ModelError names what is missing, mis-shaped or not finite.
    """
    taker = Taker(arrays)
    affine: dict[int, Affine] = {}
    pools: dict[int, Pool] = {}
    for layer in net.layers:
        channels, kernel, inside = layer.after.channels, layer.kernel, layer.before
        shapes = {
            "conv": (channels, kernel, kernel, inside.channels),
            "pointwise": (channels, inside.channels),
            "depthwise": (channels, kernel, kernel),
            "dense": (channels, inside.elements),
        }
        if layer.kind in shapes:
            names = ("FC", "FCbias") if layer.kind == "dense" else ("weight", "bias")
            weight, bias = (f"{layer.name}.{name}" for name in names)
            affine[layer.number] = Affine(taker.take(weight, *shapes[layer.kind]), taker.take(bias, channels))
        elif layer.pool is not None:
            prefix = f"{layer.name}."
            own = {
                name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)
            }
            pools[layer.number] = pool_from_arrays(layer.pool, own)
    return ConvNetWeights(net, affine, pools)
