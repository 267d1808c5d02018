"""What an RNNPool block is: sizes, and the float weights of its two cells, checked on the way in.

Saha et al., RNNPool: Efficient Non-linear Pooling for RAM Constrained Inference, NeurIPS 2020. A patch of P x
P pixels of C channels becomes 4 H2 values: the first cell's last states over each row and each column, then
the second's over those states, forward and backward.

As a model of its own, a vector is one patch of P steps (its rows) with P C features (a row's pixels, the
channels of a pixel together); the outputs are the 4 H2 values, or class scores where there is a classifier.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hil.errors import ModelError
from hil.models.cell.weights import Cell, CellShape, Taker, cell_from_arrays

Arrays = npt.NDArray[Any]
Float32 = npt.NDArray[np.float32]

MOST_PATCH = 255  # a byte in the kernels


@dataclass(frozen=True)
class PoolShape:
    """Sizes of one block: ``patch`` P, and its two cells; the first takes the map's channels."""

    patch: int
    first: CellShape
    second: CellShape

    def __post_init__(self) -> None:
        if type(self.patch) is not int or not 1 <= self.patch <= MOST_PATCH:
            raise ModelError(f"RNNPool has no patch of {self.patch!r}", evidence=f"1 to {MOST_PATCH}")
        if self.second.features != self.first.hidden:
            raise ModelError(
                "RNNPool's cells do not fit together",
                evidence=f"the second takes {self.second.features}, the first gives {self.first.hidden}",
            )

    @property
    def channels(self) -> int:
        """Of the input map: C."""
        return self.first.features

    @property
    def outputs(self) -> int:
        """Of one patch: 4 H2, [rows forward, rows backward, columns forward, columns backward]."""
        return 4 * self.second.hidden

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one patch."""
        return 2 * self.patch**2 * self.first.macs + 4 * self.patch * self.second.macs


@dataclass(frozen=True)
class Pool:
    """The weights of one block, row layout (y = Wx), float32."""

    shape: PoolShape
    first: Cell
    second: Cell


@dataclass(frozen=True)
class RnnPoolNet:
    """The description of a block that is a model: ``classes`` 0 gives the block's values themselves."""

    shape: PoolShape
    classes: int = 0

    @property
    def steps(self) -> int:
        """Rows of the patch."""
        return self.shape.patch

    @property
    def features(self) -> int:
        """Elements of one row of the patch."""
        return self.shape.patch * self.shape.channels

    @property
    def outputs(self) -> int:
        """Elements of the output."""
        return self.classes or self.shape.outputs

    @property
    def path_output(self) -> None:
        """There is one way through the block."""
        return

    def macs(self, steps: int) -> int:
        """Of the patch and the classifier."""
        return self.shape.macs + self.classes * self.shape.outputs


@dataclass(frozen=True)
class RnnPoolWeights:
    """A block that is a model; ``classifier`` (classes, 4 H2) and its bias (classes,) or neither."""

    network: RnnPoolNet
    pool: Pool
    classifier: Float32 | None = None
    classifier_bias: Float32 | None = None


def pool_shape(
    channels: int,
    patch: int,
    hidden1: int,
    hidden2: int,
    gate: str,
    update: str,
    *,
    fixed_gate: str | None = None,
    fixed_update: str | None = None,
    ranks: tuple[int, int, int, int] = (0, 0, 0, 0),
) -> PoolShape:
    """The shape of a block whose two cells have the same gates; ``ranks``: rank_w, rank_u of either cell."""

    def cell(features: int, hidden: int, rank_w: int, rank_u: int) -> CellShape:
        return CellShape(
            features, hidden, rank_w, rank_u, gate, update, fixed_gate=fixed_gate, fixed_update=fixed_update
        )

    return PoolShape(patch, cell(channels, hidden1, *ranks[:2]), cell(hidden1, hidden2, *ranks[2:]))


def network(fields: Mapping[str, Any]) -> RnnPoolNet:
    """The description in ``model.json``: channels, patch, hidden1, hidden2, gate, update, and optionally
    fixed_gate, fixed_update, ranks and classes; TypeError or ModelError when it is none."""
    rest = dict(fields)
    classes = rest.pop("classes", 0)
    ranks = tuple(rest.pop("ranks", (0, 0, 0, 0)))
    if type(classes) is not int or classes < 0:
        raise ModelError(f"classes cannot be {classes!r}", remedy="give a whole number")
    if len(ranks) != 4:
        raise ModelError("RNNPool has four ranks", evidence=f"{ranks}")
    return RnnPoolNet(pool_shape(**rest, ranks=ranks), classes)


def description(net: RnnPoolNet) -> dict[str, Any]:
    """What ``network`` reads back."""
    first, second = net.shape.first, net.shape.second
    fields: dict[str, Any] = {
        "channels": net.shape.channels,
        "patch": net.shape.patch,
        "hidden1": first.hidden,
        "hidden2": second.hidden,
        "gate": first.gate,
        "update": first.update,
        "fixed_gate": first.fixed_gate,
        "fixed_update": first.fixed_update,
        "ranks": [first.rank_w, first.rank_u, second.rank_w, second.rank_u],
        "classes": net.classes,
    }
    return fields


def pool_from_arrays(shape: PoolShape, arrays: Mapping[str, Arrays], *, squashed: bool = True) -> Pool:
    """Name the arrays of a block: W1, U1, Bg1, Bh1, zeta1, nu1 of the first cell, with 2 of the second.

    A factored W of the first cell is W11, W21, one of the second W12, W22; so is U. ``squashed``: zeta and nu
    are already through the logistic function. ModelError names what is missing, mis-shaped or not finite.
    """
    return Pool(
        shape=shape,
        first=cell_from_arrays(shape.first, arrays, squashed=squashed, suffix="1"),
        second=cell_from_arrays(shape.second, arrays, squashed=squashed, suffix="2"),
    )


def from_arrays(net: RnnPoolNet, arrays: Mapping[str, Arrays], *, squashed: bool = True) -> RnnPoolWeights:
    """The same for a block that is a model, with FC and FCbias where it classifies."""
    pool = pool_from_arrays(net.shape, arrays, squashed=squashed)
    if not net.classes:
        return RnnPoolWeights(net, pool)
    taker = Taker(arrays)
    weights = taker.take("FC", net.classes, net.shape.outputs)
    return RnnPoolWeights(net, pool, weights, taker.take("FCbias", net.classes))
