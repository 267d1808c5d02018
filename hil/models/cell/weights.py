"""What a recurrent cell is: its sizes and gates, and its float weights, checked on the way in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hil.errors import ModelError
from hil.models.gates import GATES
from hil.values import Precision

Float32 = npt.NDArray[np.float32]
Arrays = npt.NDArray[Any]

KINDS = ("fastgrnn", "fastrnn")


@dataclass(frozen=True)
class CellShape:
    """Sizes and gates: D ``features``, H ``hidden``; a rank of 0 leaves that matrix whole.

    ``gate`` (of FastGRNN alone) and ``update`` are names of ``hil.models.gates``; ``fixed_gate`` and
    ``fixed_update`` take their place in q15 and q7 where they are given.
    """

    features: int
    hidden: int
    rank_w: int
    rank_u: int
    gate: str
    update: str
    kind: str = "fastgrnn"
    fixed_gate: str | None = None
    fixed_update: str | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ModelError(f"unknown cell {self.kind}", remedy=f"choose from: {', '.join(KINDS)}")
        for what, size, least in (
            ("features", self.features, 1),
            ("hidden", self.hidden, 1),
            ("rank_w", self.rank_w, 0),
            ("rank_u", self.rank_u, 0),
        ):
            if type(size) is not int or size < least:
                raise ModelError(f"{what} of a cell cannot be {size!r}", remedy="give a whole number")
        used = [self.update, self.fixed_update] + (
            [self.gate, self.fixed_gate] if self.kind == "fastgrnn" else []
        )
        for name in used:
            if name is not None and name not in GATES:
                raise ModelError(f"unknown gate {name}", remedy=f"choose from: {', '.join(GATES)}")

    @property
    def left(self) -> int:
        """Length of what W (or W2) is multiplied with."""
        return self.rank_w or self.features

    @property
    def right(self) -> int:
        """Length of what U (or U2) is multiplied with."""
        return self.rank_u or self.hidden

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one step, the nonlinearities left out."""
        w = self.rank_w * (self.features + self.hidden) if self.rank_w else self.features * self.hidden
        return w + (2 * self.rank_u * self.hidden if self.rank_u else self.hidden**2)

    def gates(self, precision: Precision) -> tuple[str, str]:
        """Names of the gate's and the update's nonlinearity in one precision."""
        if precision is Precision.F32:
            return self.gate, self.update
        return self.fixed_gate or self.gate, self.fixed_update or self.update


@dataclass(frozen=True)
class Cell:
    """Weights in the row layout (y = Wx), float32.

    ``w1`` (rank_w, D) or None, ``w2`` (H, left); ``u1`` (rank_u, H) or None, ``u2`` (H, right): where W is
    not factored, ``w2`` is W itself. ``bias_gate`` (H,), None in a FastRNN; ``bias_update`` (H,). ``zeta``
    and ``nu`` are already through the logistic function; a FastRNN's beta and alpha stand in their place.
    """

    shape: CellShape
    w1: Float32 | None
    w2: Float32
    u1: Float32 | None
    u2: Float32
    bias_gate: Float32 | None
    bias_update: Float32
    zeta: float
    nu: float


class Taker:
    """Takes arrays by name; ModelError names what is missing, mis-shaped or not finite."""

    def __init__(self, arrays: Mapping[str, Arrays], suffix: str = "") -> None:
        self._arrays = arrays
        self._suffix = suffix

    def has(self, name: str) -> bool:
        """Whether there is such an array."""
        return name + self._suffix in self._arrays

    def take(self, name: str, *shape: int) -> Float32:
        """The array of that name and shape, as float32."""
        name += self._suffix
        if name not in self._arrays:
            raise ModelError(
                f"weights have no {name}", evidence=f"they have {', '.join(sorted(self._arrays))}"
            )
        array = np.asarray(self._arrays[name], dtype=np.float32)
        if array.shape != shape:
            raise ModelError(f"weight {name} has the wrong shape", evidence=f"{array.shape}, not {shape}")
        if not np.isfinite(array).all():
            raise ModelError(
                f"weight {name} is not finite", evidence=f"at {np.argwhere(~np.isfinite(array))[0]}"
            )
        return array

    def squashed(self, name: str, *, already: bool) -> float:
        """A scalar through the logistic function, unless it is ``already``."""
        raw = float(self.take(name))
        if already:
            return raw
        with np.errstate(over="ignore"):  # then it is 0
            return float(np.float32(1.0 / (1.0 + np.exp(-np.float64(raw)))))


def cell_from_arrays(
    shape: CellShape, arrays: Mapping[str, Arrays], *, squashed: bool = False, suffix: str = ""
) -> Cell:
    """Check and name a cell's arrays: W or W1, W2; U or U1, U2; Bg, Bh; zeta, nu (raw, unless ``squashed``).

    A FastRNN has no Bg, and alpha, beta instead of zeta, nu. ``suffix`` ends every name (of a second cell).
    """
    taker = Taker(arrays, suffix)
    d, h = shape.features, shape.hidden

    def factor(letter: str, rank: int, columns: int) -> tuple[Float32 | None, Float32]:
        if rank == 0:
            return None, taker.take(letter, h, columns)
        return taker.take(letter + "1", rank, columns), taker.take(letter + "2", h, rank)

    w1, w2 = factor("W", shape.rank_w, d)
    u1, u2 = factor("U", shape.rank_u, h)
    keep, add = ("zeta", "nu") if shape.kind == "fastgrnn" else ("beta", "alpha")
    return Cell(
        shape=shape,
        w1=w1,
        w2=w2,
        u1=u1,
        u2=u2,
        bias_gate=taker.take("Bg", h) if shape.kind == "fastgrnn" else None,
        bias_update=taker.take("Bh", h),
        zeta=taker.squashed(keep, already=squashed),
        nu=taker.squashed(add, already=squashed),
    )
