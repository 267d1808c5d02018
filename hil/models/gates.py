"""Nonlinearities in numpy: in float, and in fixed point bit for bit as firmware/kernels/gates_fixed.c has
them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hil.models.fixed import ONE, UNIT, Int64

Floats = npt.NDArray[Any]  # float32 or float64: a gate keeps the type it is given


def quant_sigm(x: Floats) -> Floats:
    """clip((x + 1) / 2, 0, 1)"""
    one, half = x.dtype.type(1.0), x.dtype.type(0.5)
    return np.asarray(np.clip((x + one) * half, 0.0, 1.0))


def quant_sigm4(x: Floats) -> Floats:
    """clip((x + 2) / 4, 0, 1)"""
    two, quarter = x.dtype.type(2.0), x.dtype.type(0.25)
    return np.asarray(np.clip((x + two) * quarter, 0.0, 1.0))


def quant_tanh(x: Floats) -> Floats:
    """clip(x, -1, 1)"""
    return np.asarray(np.clip(x, -1.0, 1.0))


def relu(x: Floats) -> Floats:
    """max(x, 0)"""
    return np.asarray(np.maximum(x, x.dtype.type(0.0)))


def sigmoid(x: Floats) -> Floats:
    """1 / (1 + exp(-x)), by way of tanh so that nothing overflows."""
    half = x.dtype.type(0.5)
    return np.asarray(half * (np.tanh(half * x) + x.dtype.type(1.0)))


def tanh(x: Floats) -> Floats:
    """The hyperbolic tangent."""
    return np.asarray(np.tanh(x))


GATES: Mapping[str, Callable[[Floats], Floats]] = {
    "quantSigm": quant_sigm,
    "quantSigm4": quant_sigm4,
    "quantTanh": quant_tanh,
    "relu": relu,
    "sigmoid": sigmoid,
    "tanh": tanh,
}

TABLE_BITS = 12  # fraction bits of what the tables are asked: they cover [-8, 8)
_STEP_BITS = 7  # of those, within one interval


def tanh_table() -> Int64:
    """tanh of 0, 1/32, … 8 with UNIT fraction bits, and the last value once more: (258,)."""
    places = np.arange(258).clip(max=256) / 2.0 ** (TABLE_BITS - _STEP_BITS)
    return np.asarray(np.rint(np.tanh(places) * ONE), dtype=np.int64)


_TABLE = tanh_table()


def unit_fixed(t: Int64) -> Int64:
    """clip(t, 2**-14, 1), 14 bits in and out."""
    return np.asarray(np.clip(t, 1, ONE))


def quant_tanh_fixed(t: Int64) -> Int64:
    """clip(t, -1, 1 - 2**-14), 14 bits in and out."""
    return np.asarray(np.clip(t, -ONE, ONE - 1))


def relu_fixed(t: Int64) -> Int64:
    """max(t, 0)"""
    return np.asarray(np.maximum(t, 0))


def tanh_fixed(t: Int64) -> Int64:
    """tanh by table and linear interpolation, 12 bits in and 14 out."""
    magnitude = np.abs(t)
    at, rest = magnitude >> _STEP_BITS, magnitude & ((1 << _STEP_BITS) - 1)
    half = 1 << (_STEP_BITS - 1)
    value = _TABLE[at] + (((_TABLE[at + 1] - _TABLE[at]) * rest + half) >> _STEP_BITS)
    return np.asarray(np.where(t < 0, -value, value))


def sigmoid_fixed(t: Int64) -> Int64:
    """(1 + tanh(t / 2)) / 2, 12 bits in and 14 out."""
    return np.asarray((ONE + 1 + tanh_fixed(t >> 1)) >> 1)


@dataclass(frozen=True)
class FixedGate:
    """How a gate is computed in fixed point.

    ``bits``: fraction bits at which ``apply`` takes its input; None takes any and gives the same. ``offset``
    is added to the bias, in the gate's own input; from ``saturates`` on (magnitude of the input, None: never)
    the output no longer changes. ``low`` and ``high`` bound the output; ``kernel`` is the function in C.
    """

    apply: Callable[[Int64], Int64]
    kernel: str
    bits: int | None
    offset: float
    saturates: float | None
    low: int
    high: int

    def unit(self, bits: int) -> int:
        """Fraction bits of the output when the input has ``bits`` before it is doubled."""
        return bits if self.bits is None else UNIT


_MOST = (1 << 15) - 1
FIXED_GATES: Mapping[str, FixedGate] = {
    "quantSigm": FixedGate(unit_fixed, "hil_unit_fixed", 13, 1.0, 1.0, 1, ONE),
    "quantSigm4": FixedGate(unit_fixed, "hil_unit_fixed", 12, 2.0, 2.0, 1, ONE),
    "quantTanh": FixedGate(quant_tanh_fixed, "hil_quant_tanh_fixed", 14, 0.0, 1.0, -ONE, ONE - 1),
    "relu": FixedGate(relu_fixed, "hil_relu_fixed", None, 0.0, None, 0, _MOST),
    "sigmoid": FixedGate(sigmoid_fixed, "hil_sigmoid_fixed", TABLE_BITS, 0.0, 8.0, 0, ONE),
    "tanh": FixedGate(tanh_fixed, "hil_tanh_fixed", TABLE_BITS, 0.0, 8.0, -ONE, ONE),
}
