"""The fixed-point reference of a recurrent cell: what the C kernels must give, bit for bit, in q15 and q7.

``firmware/kernels/cell_fixed.h`` states the formulas; ``hil.models.fixed`` the arithmetic.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hil.models.fixed import FixedMatrix, Int16, Int64, Trace, fits32, saturate, untraced
from hil.models.gates import FIXED_GATES


@dataclass(frozen=True)
class FixedGating:
    """One nonlinearity of a cell: its name, the bias (H,) with the gate's offset folded in, and how often to
    double.
    """

    name: str
    bias: Int16
    doublings: int

    def apply(self, pre: Int64) -> Int64:
        """The gate's output of the sums ``pre`` (N, H), within int16."""
        biased = saturate(saturate(pre + self.bias) << self.doublings)
        return FIXED_GATES[self.name].apply(biased)


@dataclass(frozen=True)
class FixedCell:
    """The integers that the C kernels work with; cell_fixed.h says what each step computes.

    ``gate`` is None in a FastRNN. ``pre`` are the fraction bits of the sums, ``unit`` those of z; ``shift``
    more has the blend k.
    """

    features: int
    hidden: int
    w1: FixedMatrix | None
    u1: FixedMatrix | None
    mix: FixedMatrix
    gate: FixedGating | None
    update: FixedGating
    pre: int
    unit: int
    shift: int
    zeta: int
    nu: int


def step(cell: FixedCell, x: Int64, state: Int64, trace: Trace = untraced) -> Int64:
    """The states (N, H) after one step from ``x`` (N, D) and ``state`` (N, H), all within int16."""
    left = x if cell.w1 is None else cell.w1.project(x, name="left", trace=trace)
    right = state if cell.u1 is None else cell.u1.project(state, name="right", trace=trace)
    pre = cell.mix.project(left, right, name="pre", trace=trace)
    c = cell.update.apply(pre)
    rounding = (1 << cell.unit) >> 1
    if cell.gate is None:
        z, k = np.full_like(pre, cell.zeta), np.full_like(pre, cell.nu)
    else:
        z = cell.gate.apply(pre)
        trace("z", z, z)
        k = np.asarray(fits32(((cell.zeta + cell.nu) << cell.unit) + rounding - cell.zeta * z) >> cell.unit)
    trace("c", c, c)
    added = (k * c + ((1 << cell.shift) >> 1)) >> cell.shift
    exact = np.asarray(fits32(z * state + added + rounding) >> cell.unit)
    kept = saturate(exact)
    trace("state", exact, kept)
    return kept


def last_state(cell: FixedCell, batch: Int16, state: Int64 | None = None, trace: Trace = untraced) -> Int64:
    """The state (N, H), within int16, after all steps of ``batch`` (N, T, D), from ``state`` (N, H) or
    zeros.
    """
    if state is None:
        state = np.zeros((len(batch), cell.hidden), dtype=np.int64)
    for number in range(batch.shape[1]):
        state = step(cell, batch[:, number].astype(np.int64), state, trace)
    return state
