"""The fixed-point arithmetic that q15 and q7 share: real scales, exact 32-bit sums, requantisation,
saturation.

Every tensor is an integer with a real scale: real = integer * scale. Activations are 16 bits wide, weights 16
(q15) or 8 (q7), sums and biases 32. Sums never leave 32 bits, which is proved when a matrix is made and
asserted when it is used; so the order in which a kernel sums does not matter. Activations saturate, and
nothing else does. ``firmware/kernels/fixed.h`` is the same in C; docs/decisions/fixed-point-arithmetic.md
says why it is so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hil.errors import ModelError
from hil.values import Precision

Int16 = npt.NDArray[np.int16]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Integers = npt.NDArray[np.integer[Any]]
Floats = npt.NDArray[Any]

UNIT = 14  # fraction bits of a bounded gate's output
ONE = 1 << UNIT
LARGEST = (1 << 15) - 1
WEIGHT_LIMIT = {Precision.Q15: (1 << 15) - 1, Precision.Q7: (1 << 7) - 1}
HEADROOM = 1.25  # an activation's range over the largest magnitude seen on the calibration inputs
MOST_RATIO = 0.25  # of sums to activations, half of what a multiplier can hold
_SUM_LIMIT = 1 << 31
_SUM_ROOM = 1 << 16  # left to the rounding of weights when a scale is chosen; the proof takes the integers

# What an operation is called, what came out before it was saturated, and after: both integers.
Trace = Callable[[str, Int64, Int64], None]


def untraced(name: str, exact: Int64, kept: Int64) -> None:
    """A trace that looks at nothing."""


def renamed(trace: Trace, prefix: str) -> Trace:
    """A trace that puts a prefix before each operation's name: which part of a network it belongs to."""

    def named(name: str, exact: Int64, kept: Int64) -> None:
        trace(prefix + name, exact, kept)

    return named


def fits32(values: Int64) -> Int64:
    """``values``, every one of which an int32 can hold."""
    assert values.size == 0 or (np.min(values) >= -_SUM_LIMIT and np.max(values) < _SUM_LIMIT), (
        "32 bits overflow"
    )
    return values


def saturate(values: Int64) -> Int64:
    """Clip to int16."""
    return np.asarray(np.clip(values, -LARGEST - 1, LARGEST))


def rescale(sums: Int64, multiplier: Int64 | int) -> Int64:
    """(sums * multiplier + 2**31) >> 32: to nearest, halves upwards; not yet saturated."""
    return np.asarray((fits32(sums) * multiplier + (1 << 31)) >> 32)


def multiplier(ratio: float) -> int:
    """The 32-bit fraction for ``rescale``; ModelError when ``ratio`` is not in [0, 0.5).

    A ratio so small that its fraction has few bits, or is 0, belongs to sums of at most a few units.
    """
    fraction = round(ratio * 2.0**32)
    if not 0 <= fraction < _SUM_LIMIT:
        raise ModelError("fixed-point scales do not fit together", evidence=f"a ratio of {ratio:g}")
    return fraction


def activation_scale(largest: float, least: float = 0.0) -> float:
    """The scale at which HEADROOM times ``largest`` fits 16 bits, at least ``least``; ModelError when not
    finite.
    """
    if not np.isfinite(largest):
        raise ModelError("an activation is not finite on the calibration inputs")
    return max(largest * HEADROOM / LARGEST, least) or 1.0 / LARGEST


def weight_scale(
    matrix: Floats, precision: Precision, bias: Floats | None = None, operand: float = 0.0
) -> float:
    """The smallest scale at which ``matrix`` (R, C) fits its width and no row's sum can leave 32 bits.

    ``bias`` (R,) joins the sums at ``operand``, the scale of the activations.
    """
    wide = np.abs(matrix.astype(np.float64))
    sums = wide.sum(axis=1) * 2.0**15
    if bias is not None and operand:
        sums = sums + np.abs(bias.astype(np.float64)) / operand
    room = _SUM_LIMIT - _SUM_ROOM - matrix.shape[1] * 2.0**14
    scale = max(np.max(wide, initial=0.0) / WEIGHT_LIMIT[precision], np.max(sums, initial=0.0) / room)
    return float(scale) or 2.0**-20  # of a matrix of zeros: any


@dataclass(frozen=True)
class FixedMatrix:
    """Integer weights for one or two operands, and how the sums become activations.

    ``first`` (R, C1) and ``second`` (R, C2) or None, integers of ``precision``'s width; ``multipliers`` (1,)
    or (R,) of ``rescale``; ``bias`` (R,) int32 or None.
    """

    precision: Precision
    first: Integers
    second: Integers | None
    multipliers: Int64
    bias: Int32 | None = None

    def sums(self, first: Int64, second: Int64 | None = None) -> Int64:
        """The exact sums (N, R) of operands (N, C1) and (N, C2); asserts that no order leaves 32 bits."""
        total = self._dot(self.first, first)
        if self.second is not None:
            assert second is not None
            total = total + self._dot(self.second, second)
        if self.bias is not None:
            total = total + self.bias
        return fits32(np.asarray(total))

    def project(
        self, first: Int64, second: Int64 | None = None, name: str = "", trace: Trace = untraced
    ) -> Int64:
        """The activations (N, R), within int16, of operands (N, C1) and (N, C2)."""
        exact = rescale(self.sums(first, second), self.multipliers)
        kept = saturate(exact)
        trace(name, exact, kept)
        return kept

    @staticmethod
    def _dot(matrix: Integers, vectors: Int64) -> Int64:
        # Integers below 2**31 sum exactly in float64, which has a fast product; int64 has none.
        product = vectors.astype(np.float64) @ matrix.T.astype(np.float64)
        return product.astype(np.int64)


def fixed_matrix(
    name: str,
    precision: Precision,
    first: Floats,
    scale: float | Floats,
    ratio: float | Floats,
    *,
    second: Floats | None = None,
    second_scale: float = 0.0,
    bias: Floats | None = None,
    sum_scale: float | Floats = 0.0,
) -> FixedMatrix:
    """Round weights at their scales and prove that their sums fit.

    ``scale`` of ``first``, ``second_scale`` of ``second``, ``sum_scale`` of the sums (only ``bias`` needs
    it), ``ratio`` from the sums to the activations; scale, ratio and sum_scale may be one per row. ModelError
    when a weight leaves its width or some row's sum could leave 32 bits.
    """
    limit = WEIGHT_LIMIT[precision]
    parts = [_integers(first, scale)]
    if second is not None:
        parts.append(_integers(second, second_scale))
    whole = np.concatenate(parts, axis=1)
    offset = np.zeros(len(first), dtype=np.int64)
    if bias is not None:
        offset = np.rint(bias.astype(np.float64) / sum_scale).astype(np.int64)
    bound = np.abs(whole).sum(axis=1) * (1 << 15) + np.abs(offset)
    if np.abs(whole).max(initial=0) > limit or bound.max(initial=0) >= _SUM_LIMIT:
        raise ModelError(
            f"{precision} sums of {name} could overflow",
            evidence=f"row {int(np.argmax(bound))} could reach {int(np.max(bound))}, "
            f"largest weight {int(np.abs(whole).max(initial=0))} of {limit}",
            remedy="calibrate the scales again",
        )
    width = np.int16 if precision is Precision.Q15 else np.int8
    multipliers = np.array([multiplier(float(one)) for one in np.atleast_1d(np.asarray(ratio))])
    return FixedMatrix(
        precision=precision,
        first=parts[0].astype(width),
        second=parts[1].astype(width) if second is not None else None,
        multipliers=multipliers,
        bias=offset.astype(np.int32) if bias is not None else None,
    )


def _integers(matrix: Floats, scale: float | Floats) -> Int64:
    steps = np.asarray(scale, dtype=np.float64)
    steps = steps[:, None] if steps.ndim else steps
    return np.asarray(np.rint(matrix.astype(np.float64) / steps), dtype=np.int64)
