"""What a recurrent model is: its cell, its classifier and its normalisation; and its weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hil.errors import ModelError
from hil.models.cell.weights import Cell, CellShape, Float32, Taker, cell_from_arrays


@dataclass(frozen=True)
class RnnNetwork:
    """A cell and the number of ``classes`` of its classifier; with 0 the last state is the output."""

    cell: CellShape
    classes: int

    @property
    def features(self) -> int:
        """Elements of one time step."""
        return self.cell.features

    @property
    def outputs(self) -> int:
        """Elements of the output: one per class, or the state."""
        return self.classes or self.cell.hidden

    @property
    def path_output(self) -> None:
        """There is one way through the network."""
        return

    def macs(self, steps: int) -> int:
        """Of the cell's steps and the classifier."""
        return steps * self.cell.macs + self.classes * self.cell.hidden


@dataclass(frozen=True)
class Rnn:
    """``classifier`` (classes, H) and ``classifier_bias`` (classes,), or None both; ``mean`` and ``std`` (1,
    D) or (T, D), or None both: the cell sees (x - mean) / std."""

    network: RnnNetwork
    cell: Cell
    classifier: Float32 | None
    classifier_bias: Float32 | None
    mean: Float32 | None
    std: Float32 | None

    @property
    def scale(self) -> Float32 | None:
        """1 / std as the firmware multiplies with it, float32 of the shape of ``std``."""
        return None if self.std is None else np.asarray(1.0 / self.std.astype(np.float64), dtype=np.float32)


def from_arrays(
    network: RnnNetwork, arrays: Mapping[str, npt.NDArray[Any]], *, squashed: bool = False
) -> Rnn:
    """Check and name the arrays of a weights file: those of the cell; FC, FCbias; mean, std (optional, both).

    ModelError names what is missing, mis-shaped or not finite.
    """
    taker = Taker(arrays)
    d, h = network.features, network.cell.hidden
    mean = std = None
    if taker.has("mean") or taker.has("std"):
        rows = arrays["mean"].shape[0] if "mean" in arrays and arrays["mean"].ndim == 2 else 1
        mean, std = taker.take("mean", rows, d), taker.take("std", rows, d)
        if not (std > 0).all():
            raise ModelError("weight std is not positive", evidence=f"smallest {np.min(std)}")
    return Rnn(
        network=network,
        cell=cell_from_arrays(network.cell, arrays, squashed=squashed),
        classifier=taker.take("FC", network.classes, h) if network.classes else None,
        classifier_bias=taker.take("FCbias", network.classes) if network.classes else None,
        mean=mean,
        std=std,
    )
