"""The float reference of a recurrent cell, in float32 as the firmware counts or in float64.

FastGRNN, Kusupati et al., NeurIPS 2018:
    p  = W2 (W1 x) + U2 (U1 h)
    z  = g(p + b_g),  c = u(p + b_h)
    h' = z . h + (zeta (1 - z) + nu) . c
FastRNN, the same paper:
    h' = beta h + alpha u(p + b_h)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hil.models.cell.weights import Cell
from hil.models.gates import GATES
from hil.values import Precision

Floats = npt.NDArray[Any]  # of the type that is asked for


@dataclass(frozen=True)
class Step:
    """One time step of N sequences, every tensor (N, ·): operands ``left`` and ``right`` of the mix, the sums
    ``pre``, the gate's output ``z`` (None in a FastRNN), the update ``c``, the ``state`` after it."""

    left: Floats
    right: Floats
    pre: Floats
    z: Floats | None
    c: Floats
    state: Floats


def steps(
    cell: Cell, batch: Floats, state: Floats | None = None, precision: Precision = Precision.F32
) -> Iterator[Step]:
    """Each time step of ``batch`` (N, T, D), computed in its type, from ``state`` (N, H) or zeros.

    The nonlinearities are those of ``precision``. Products are summed from column 0 upwards, as the plain C
    kernel does: BLAS has an order per machine.
    """
    dtype = batch.dtype.type
    gate_name, update_name = cell.shape.gates(precision)
    update = GATES[update_name]
    zeta, nu = dtype(cell.zeta), dtype(cell.nu)
    if state is None:
        state = np.zeros((len(batch), cell.shape.hidden), dtype=dtype)
    for step in range(batch.shape[1]):
        left = batch[:, step] if cell.w1 is None else matvec(cell.w1, batch[:, step])
        right = state if cell.u1 is None else matvec(cell.u1, state)
        pre = matvec(cell.w2, left)
        add_matvec(pre, cell.u2, right)
        c = update(pre + cell.bias_update.astype(dtype))
        z = None
        if cell.bias_gate is None:
            state = zeta * state + nu * c
        else:
            z = GATES[gate_name](pre + cell.bias_gate.astype(dtype))
            state = z * state + (zeta * (dtype(1.0) - z) + nu) * c
        yield Step(left, right, pre, z, c, state)


def last_state(
    cell: Cell, batch: Floats, state: Floats | None = None, precision: Precision = Precision.F32
) -> Floats:
    """The state (N, H) after all steps of ``batch`` (N, T, D), in the type of ``batch``."""
    last = np.zeros((len(batch), cell.shape.hidden), dtype=batch.dtype) if state is None else state
    for step in steps(cell, batch, state, precision):
        last = step.state
    return last


def matvec(matrix: Floats, vectors: Floats) -> Floats:
    """``matrix`` (R, C) times each of ``vectors`` (N, C), in their type, summed column by column."""
    total = np.zeros((len(vectors), len(matrix)), dtype=vectors.dtype)
    add_matvec(total, matrix, vectors)
    return total


def add_matvec(total: Floats, matrix: Floats, vectors: Floats) -> None:
    """Add ``matvec`` to ``total`` (N, R), column by column."""
    for column in range(matrix.shape[1]):
        total += matrix[:, column].astype(vectors.dtype) * vectors[:, column, None]
