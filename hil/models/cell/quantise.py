"""Float cells -> fixed point: find the scales on calibration inputs, round, prove that nothing overflows.

Rules (docs/decisions/fixed-point-arithmetic.md says why):
- a weight's scale is the smallest at which its matrix fits its width and no row's sum can leave 32 bits;
- an activation's scale leaves HEADROOM over the largest magnitude seen; beyond that it saturates;
- W2 and U2 share their sums, so weight scale times operand scale is the same for both: where that would cost
  one of them bits of its weights, its operand's scale is raised instead;
- the state's scale is at least the update's, so that the blend's constants stay below 1;
- the sums ``pre`` have as many fraction bits as the gates take, fewer where the sums or biases need the
  range. A sum that saturates past the bias does no harm where both gates are flat.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hil.errors import ModelError
from hil.models.cell.golden_fixed import FixedCell, FixedGating
from hil.models.cell.golden_float import Step, steps
from hil.models.cell.weights import Cell
from hil.models.fixed import (
    HEADROOM,
    LARGEST,
    MOST_RATIO,
    WEIGHT_LIMIT,
    FixedMatrix,
    activation_scale,
    fixed_matrix,
    weight_scale,
)
from hil.models.gates import FIXED_GATES
from hil.values import Precision

Floats = npt.NDArray[Any]

MOST_PRE_BITS = 14
_RAISE_OPERAND = 16.0  # how much coarser a factor's output or the input may become for the sake of weights
_RAISE_STATE = 2.0  # the state adds up over time: it needs its bits


@dataclass(frozen=True)
class CellScales:
    """real = integer * scale of the ``input``, the operands ``left`` and ``right`` and the ``state``;
    the sums have ``pre`` fraction bits."""

    input: float
    left: float
    right: float
    state: float
    pre: int


def ranges(cell: Cell, batches: Iterable[Floats], precision: Precision) -> dict[str, float]:
    """The largest magnitude of each tensor over all steps of float64 ``batches``, each (N, T, D)."""
    seen = dict.fromkeys(("x", "left", "right", "pre", "c", "state"), 0.0)
    for batch in batches:
        seen["x"] = max(seen["x"], float(np.abs(batch).max(initial=0.0)))
        for step in steps(cell, batch.astype(np.float64), precision=precision):
            for name in ("left", "right", "pre", "c", "state"):
                seen[name] = max(seen[name], _largest(step, name))
    return seen


def _largest(step: Step, name: str) -> float:
    return float(np.abs(getattr(step, name)).max(initial=0.0))


def calibrate(
    cell: Cell, seen: Mapping[str, float], precision: Precision, input_scale: float | None = None
) -> CellScales:
    """Scales for ``cell`` from the ranges ``seen``; ``input_scale`` when the input's is given from
    outside.
    """
    most = _pre_bits(cell, precision, seen["pre"])
    for raising in (True, False):
        for pre in range(most, -1, -1):  # where a unit of the sums is coarse, fewer bits lose nothing
            scales = _scales_at(cell, seen, precision, input_scale, pre, raising=raising)
            if _sums_scale(cell, scales, precision) * 2.0**pre < MOST_RATIO:
                return scales
    weight = max(_most(matrix) for matrix in (cell.w1, cell.w2, cell.u1, cell.u2) if matrix is not None)
    raise ModelError(
        "a cell's sums are too large for fixed point",
        evidence=f"they reach {seen['pre']:.3g}; the largest weight is {weight:.3g}, the largest input "
        f"{seen['x']:.3g}",
        remedy="normalise the inputs: give mean and std"
        if seen["x"] > weight
        else "look at the weights: training diverged, or they were scaled when they were saved",
    )


def _scales_at(
    cell: Cell,
    seen: Mapping[str, float],
    precision: Precision,
    input_scale: float | None,
    pre: int,
    *,
    raising: bool,
) -> CellScales:
    """``raising``: whether an operand's scale may be raised for the other one's weights."""
    x = activation_scale(seen["x"]) if input_scale is None else input_scale
    state = activation_scale(seen["state"], _update_scale(cell, precision, pre))
    left = x if cell.w1 is None else _factor_scale(cell.w1, precision, x, seen["left"])
    right = state if cell.u1 is None else _factor_scale(cell.u1, precision, state, seen["right"])
    left_most = _RAISE_OPERAND if cell.w1 is not None or input_scale is None else 1.0
    right_most = _RAISE_OPERAND if cell.u1 is not None else _RAISE_STATE
    limit = WEIGHT_LIMIT[precision]
    left_needs = float(np.abs(cell.w2).max()) * left / limit
    right_needs = float(np.abs(cell.u2).max()) * right / limit
    if raising and precision is Precision.Q7:  # 16-bit weights have bits to spare, 8-bit ones have not
        common = max(left_needs, right_needs)
        left *= min(common / left_needs, left_most) if left_needs > 0 else 1.0
        right *= min(common / right_needs, right_most) if right_needs > 0 else 1.0
    return CellScales(
        input=left if cell.w1 is None else x,
        left=left,
        right=right,
        state=right if cell.u1 is None else state,
        pre=pre,
    )


def _factor_scale(matrix: Floats, precision: Precision, operand: float, largest: float) -> float:
    """The scale of a factor's output: not finer than its sums, of which rows that cancel leave little."""
    return activation_scale(largest, weight_scale(matrix, precision) * operand / MOST_RATIO)


def _sums_scale(cell: Cell, scales: CellScales, precision: Precision) -> float:
    whole = np.concatenate([cell.w2 * scales.left, cell.u2 * scales.right], axis=1)
    return weight_scale(whole, precision)


def quantise(cell: Cell, scales: CellScales, precision: Precision) -> FixedCell:
    """The integers of ``cell`` at ``scales``; ModelError when some sum could overflow."""
    shape = cell.shape
    sums = _sums_scale(cell, scales, precision)
    gate_name, update_name = shape.gates(precision)
    unit = FIXED_GATES[gate_name].unit(scales.pre) if cell.bias_gate is not None else 14
    shift, zeta, nu = _blend(cell, precision, scales, unit)
    mix = fixed_matrix(
        "[W2 | U2]",
        precision,
        cell.w2,
        sums / scales.left,
        sums * 2.0**scales.pre,
        second=cell.u2,
        second_scale=sums / scales.right,
    )
    return FixedCell(
        features=shape.features,
        hidden=shape.hidden,
        w1=_factor("W1", cell.w1, precision, scales.input / scales.left),
        u1=_factor("U1", cell.u1, precision, scales.state / scales.right),
        mix=mix,
        gate=None if cell.bias_gate is None else _gating(gate_name, cell.bias_gate, scales.pre),
        update=_gating(update_name, cell.bias_update, scales.pre),
        pre=scales.pre,
        unit=unit,
        shift=shift,
        zeta=zeta,
        nu=nu,
    )


def _factor(name: str, matrix: Floats | None, precision: Precision, ratio: float) -> FixedMatrix | None:
    """W1 or U1, with ``ratio`` from the scale of what it takes to that of what it gives."""
    if matrix is None:
        return None
    scale = weight_scale(matrix, precision)
    return fixed_matrix(name, precision, matrix, scale, scale * ratio)


def _pre_bits(cell: Cell, precision: Precision, largest: float) -> int:
    """Most fraction bits of the sums at which they fit, biases fit and no gate is asked for a negative
    shift.
    """
    gate_name, update_name = cell.shape.gates(precision)
    used = [(FIXED_GATES[update_name], cell.bias_update)]
    if cell.bias_gate is not None:
        used.append((FIXED_GATES[gate_name], cell.bias_gate))
    needed = largest * HEADROOM
    if all(gate.saturates is not None for gate, _ in used):
        needed = min(needed, max(float(gate.saturates or 0.0) + _most(bias) for gate, bias in used))
    needed = max(needed, *(gate.offset + _most(bias) for gate, bias in used))
    most = min([MOST_PRE_BITS, *(gate.bits for gate, _ in used if gate.bits is not None)])
    for bits in range(most, -1, -1):
        if needed * 2.0**bits <= LARGEST:
            return bits
    raise ModelError("a cell's sums are too large for fixed point", evidence=f"they reach {largest:g}")


def _most(bias: Floats) -> float:
    return float(np.abs(bias).max(initial=0.0))


def _update_scale(cell: Cell, precision: Precision, pre: int) -> float:
    return 2.0 ** -FIXED_GATES[cell.shape.gates(precision)[1]].unit(pre)


def _blend(cell: Cell, precision: Precision, scales: CellScales, unit: int) -> tuple[int, int, int]:
    """shift, zeta and nu: the ratio of the update's scale to the state's is folded in."""
    ratio = _update_scale(cell, precision, scales.pre) / scales.state
    if cell.bias_gate is None:
        zeta = min(round(cell.zeta * 2.0**unit), LARGEST)
        for shift in range(15, -1, -1):
            nu = round(cell.nu * ratio * 2.0 ** (unit + shift))
            if abs(nu) <= LARGEST:
                return shift, zeta, nu
    gate = FIXED_GATES[cell.shape.gates(precision)[0]]
    one = 1 << unit
    for shift in range(15, -1, -1):
        zeta = round(cell.zeta * ratio * 2.0 ** (unit + shift))
        nu = round(cell.nu * ratio * 2.0 ** (unit + shift))
        reached = [abs(zeta * (one - z) / one + nu) for z in (gate.low, gate.high)]
        if max(abs(zeta), *reached) <= LARGEST - 1:
            return shift, zeta, nu
    raise ModelError(
        "zeta and nu do not fit fixed point",
        evidence=f"zeta {cell.zeta:g}, nu {cell.nu:g}, update to state {ratio:g}",
    )


def _gating(name: str, bias: Floats, pre: int) -> FixedGating:
    gate = FIXED_GATES[name]
    integers = np.rint((bias.astype(np.float64) + gate.offset) * 2.0**pre)
    return FixedGating(
        name,
        np.clip(integers, -LARGEST - 1, LARGEST).astype(np.int16),
        0 if gate.bits is None else gate.bits - pre,
    )
