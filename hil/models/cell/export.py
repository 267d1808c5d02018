"""Recurrent cells as C: the struct of cell_fixed.h or cell_f32.h with its matrices and biases."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hil.models import ctext
from hil.models.cell.golden_fixed import FixedCell
from hil.models.cell.weights import Cell, CellShape
from hil.models.fixed import ONE, Int16
from hil.models.gates import FIXED_GATES

FLOAT_GATES = {
    "quantSigm": "hil_quant_sigm_f32",
    "quantSigm4": "hil_quant_sigm4_f32",
    "quantTanh": "hil_quant_tanh_f32",
    "relu": "hil_relu_f32",
    "sigmoid": "hil_sigmoid_f32",
    "tanh": "hil_tanh_f32",
}
_ONE_PASS = (11, 12, 13)  # fraction bits of the sums for which there is a tail of quantSigm and quantTanh


@dataclass(frozen=True)
class CellSource:
    """``text`` defines the cell under the name it was asked for; ``headers`` of kernels/ that it needs."""

    text: str
    headers: tuple[str, ...]


def scratch(shape: CellShape, sequences: int = 1) -> str:
    """The size of a cell's scratch buffer, in elements, as C."""
    return f"HIL_CELL_SCRATCH({shape.hidden}, {shape.rank_w}, {shape.rank_u}, {sequences})"


def cell_f32(name: str, cell: Cell) -> CellSource:
    """A ``struct hil_cell_f32``."""
    parts, headers = [], ["cell_f32.h", "cell_tail_f32.h"]
    names: dict[str, str | None] = {"w1": None, "u1": None, "mix": f"&{name}_mix"}
    for part, operands in (("w1", [cell.w1]), ("u1", [cell.u1]), ("mix", [cell.w2, cell.u2])):
        present = [operand for operand in operands if operand is not None]
        if present:
            text, header = ctext.float_matrix(f"{name}_{part}", present)
            parts.append(text)
            headers.append(header)
            names[part] = f"&{name}_{part}"
    for field, bias in (("bias_gate", cell.bias_gate), ("bias_update", cell.bias_update)):
        if bias is not None:
            parts.append(ctext.array(f"{name}_{field}", bias))
    gated = cell.bias_gate is not None
    fields = [
        ("hidden", cell.shape.hidden),
        *names.items(),
        ("tail", "hil_tail_fastgrnn_f32" if gated else "hil_tail_fastrnn_f32"),
        ("bias_gate", f"{name}_bias_gate" if gated else None),
        ("bias_update", f"{name}_bias_update"),
        ("gate", FLOAT_GATES[cell.shape.gate] if gated else None),
        ("update", FLOAT_GATES[cell.shape.update]),
        ("zeta", ctext.literal(np.float32(cell.zeta))),
        ("nu", ctext.literal(np.float32(cell.nu))),
    ]
    parts.append(ctext.struct("hil_cell_f32", name, fields))
    return CellSource("\n".join(parts), tuple(headers))


def cell_fixed(name: str, cell: FixedCell) -> CellSource:
    """A ``struct hil_cell_fixed``."""
    tail = tail_of(cell)
    kind = next(kind for kind in ("quant", "blend", "") if tail.startswith(f"hil_tail_{kind}"))
    one_pass = bool(kind)
    parts, headers = [], ["cell_fixed.h", f"cell_{kind or 'tail'}_fixed.h"]
    names: dict[str, str | None] = {"w1": None, "u1": None, "mix": None}
    for part, matrix in (("w1", cell.w1), ("u1", cell.u1), ("mix", cell.mix)):
        if matrix is not None:
            text, header = ctext.fixed_matrix(f"{name}_{part}", matrix)
            parts.append(text)
            headers.append(header)
            names[part] = f"&{name}_{part}"
    if cell.gate is not None:
        biases = interleaved(cell) if one_pass else cell.gate.bias
        parts.append(ctext.array(f"{name}_bias_gate", biases))
    if not one_pass:
        parts.append(ctext.array(f"{name}_bias_update", cell.update.bias))
    general = not one_pass
    fields = [
        ("hidden", cell.hidden),
        *names.items(),
        ("tail", tail),
        ("bias_gate", f"{name}_bias_gate" if cell.gate is not None else None),
        ("bias_update", f"{name}_bias_update" if general else None),
        ("gate", FIXED_GATES[cell.gate.name].kernel if cell.gate is not None and general else None),
        ("update", FIXED_GATES[cell.update.name].kernel if general else None),
        ("gate_doublings", cell.gate.doublings if cell.gate is not None else 0),
        ("update_doublings", cell.update.doublings),
        ("unit", cell.unit),
        ("shift", cell.shift),
        ("zeta", cell.zeta),
        ("nu", cell.nu),
    ]
    parts.append(ctext.struct("hil_cell_fixed", name, fields))
    return CellSource("\n".join(parts), tuple(headers))


def interleaved(cell: FixedCell) -> Int16:
    """The biases as cell_quant_fixed.h wants them: what the gate's leaves to 1, the update's, two and two."""
    assert cell.gate is not None
    rest = (ONE >> cell.gate.doublings) - cell.gate.bias.astype(np.int64)
    even = np.pad(np.stack([rest, cell.update.bias]), ((0, 0), (0, cell.hidden % 2)))
    return even.reshape(2, -1, 2).transpose(1, 0, 2).reshape(-1).astype(np.int16)


def tail_of(cell: FixedCell) -> str:
    """The function that does a cell's nonlinearities: one pass where there is one for its gates."""
    if cell.gate is None:
        return "hil_tail_fastrnn"
    if (cell.gate.name, cell.update.name) == ("quantSigm", "quantTanh") and cell.pre in _ONE_PASS:
        plain = (cell.zeta, cell.nu, cell.shift) == (ONE, 0, 0)
        return f"hil_tail_{'blend' if plain else 'quant'}{cell.pre}"
    return "hil_tail_fastgrnn"
