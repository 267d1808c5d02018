"""Pieces of generated C: literals, arrays, matrices, the model struct."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hil.models.fixed import FixedMatrix
from hil.models.pack import pack
from hil.values import Precision

if TYPE_CHECKING:
    from hil.models.spec import ModelSpec

Arrays = npt.NDArray[Any]

C_TYPES = {"float32": "float", "int8": "int8_t", "uint8": "uint8_t", "int16": "int16_t", "int32": "int32_t"}
C_BYTES = {c_type: np.dtype(name).itemsize for name, c_type in C_TYPES.items()}
_DTYPES = {"float32": "HIL_F32", "int16": "HIL_I16", "int8": "HIL_I8", "uint8": "HIL_U8"}
_HEADERS = {Precision.F32: "f32", Precision.Q15: "q15", Precision.Q7: "q7"}


def literal(value: Any) -> str:
    """A number as C reads it back to the same bits; float32 gets the shortest such decimal."""
    if isinstance(value, float | np.floating):
        text = np.format_float_scientific(np.float32(value), unique=True, trim="0", exp_digits=1)
        return f"{text}f"
    if int(value) == -(2**31):
        return "(-2147483647 - 1)"
    return str(int(value))


def array(name: str, values: Arrays) -> str:
    """``static const`` array, row-major, one row of a matrix per line where it fits; aligned to a word."""
    c_type = C_TYPES[values.dtype.name]
    rows = values.reshape(-1, values.shape[-1]) if values.ndim > 1 else values[None, :]
    lines = [line for row in rows for line in _wrapped([literal(value) for value in row])]
    return f"static const _Alignas(4) {c_type} {name}[{values.size}] = {{\n" + "\n".join(lines) + "\n};\n"


def _wrapped(items: list[str], width: int = 112) -> list[str]:
    lines, line = [], "   "
    for item in items:
        if len(line) + len(item) + 2 > width:
            lines.append(line)
            line = "   "
        line += f" {item},"
    return [*lines, line]


def fixed_matrix(name: str, matrix: FixedMatrix) -> tuple[str, str]:
    """A ``struct hil_matrix`` called ``name`` with its arrays, and the header of its kernel."""
    operands = [matrix.first] if matrix.second is None else [matrix.first, matrix.second]
    packed = pack(matrix.precision, operands)
    kind = ("" if packed.places is None else "sparse_") + _HEADERS[matrix.precision]
    each = len(matrix.multipliers) > 1
    parts = [array(f"{name}_weights", packed.weights)]
    fields = [
        ("rows", len(matrix.first)),
        ("columns", matrix.first.shape[1]),
        ("columns2", 0 if matrix.second is None else matrix.second.shape[1]),
        ("multiplier", 0 if each else int(matrix.multipliers[0])),
    ]
    pointers = [("weights", f"{name}_weights"), ("project", f"hil_project_{kind}")]
    for field, values in (
        ("multipliers", matrix.multipliers.astype(np.int32) if each else None),
        ("bias", matrix.bias),
        ("places", packed.places),
    ):
        if values is not None:
            parts.append(array(f"{name}_{field}", values))
            pointers.append((field, f"{name}_{field}"))
    parts.append(struct("hil_matrix", name, [*fields, *pointers]))
    header = "matrix" if packed.places is None else "sparse"
    return "\n".join(parts), f"{header}_{_HEADERS[matrix.precision]}.h"


def float_matrix(name: str, operands: Sequence[Arrays], bias: Arrays | None = None) -> tuple[str, str]:
    """A ``struct hil_matrix_f32`` called ``name`` with its arrays, and the header of its kernel."""
    packed = pack(Precision.F32, operands)
    parts = [array(f"{name}_weights", packed.weights)]
    fields: list[tuple[str, object]] = [
        ("rows", len(operands[0])),
        ("columns", operands[0].shape[1]),
        ("columns2", operands[1].shape[1] if len(operands) > 1 else 0),
        ("weights", f"{name}_weights"),
        ("project", "hil_project_f32" if packed.places is None else "hil_project_sparse_f32"),
    ]
    for field, values in (("bias", bias), ("places", packed.places)):
        if values is not None:
            parts.append(array(f"{name}_{field}", values))
            fields.append((field, f"{name}_{field}"))
    parts.append(struct("hil_matrix_f32", name, fields))
    return "\n".join(parts), "matrix_f32.h" if packed.places is None else "sparse_f32.h"


def struct(kind: str, name: str, fields: Sequence[tuple[str, object]]) -> str:
    """``static const struct kind name`` with named fields; None is NULL."""
    lines = [f"    .{field} = {'NULL' if value is None else value}," for field, value in fields]
    return f"static const struct {kind} {name} = {{\n" + "\n".join(lines) + "\n};\n"


def includes(headers: Sequence[str]) -> str:
    """Include lines for kernels, sorted, each once, then the runtime's model.h."""
    lines = [f'#include "kernels/{header}"' for header in sorted(set(headers))]
    return "\n".join(["#include <string.h>", "", *lines, '#include "runtime/model.h"'])


def model_struct(
    spec: ModelSpec, precision: Precision, input_type: npt.DTypeLike, output_type: npt.DTypeLike
) -> str:
    """``hil_model`` itself; expects ``input``, ``output`` and ``run`` to be defined before."""
    return f"""const struct hil_model hil_model = {{
    .name = "{spec.name}",
    .precision = HIL_PRECISION_{precision.upper()},
    .input_dtype = {_DTYPES[np.dtype(input_type).name]},
    .output_dtype = {_DTYPES[np.dtype(output_type).name]},
    .features = {spec.features},
    .min_steps = {spec.min_steps},
    .max_steps = {spec.max_steps},
    .outputs = {spec.outputs},
    .input = input,
    .output = output,
    .run = run,
}};
"""


def buffers(spec: ModelSpec, input_type: npt.DTypeLike, output_type: npt.DTypeLike) -> str:
    """The input and output buffers of a model, aligned to 8 as the runtime wants them."""
    c_input, c_output = (C_TYPES[np.dtype(one).name] for one in (input_type, output_type))
    return f"""static _Alignas(8) {c_input} input[{spec.max_steps * spec.features}];
static _Alignas(8) {c_output} output[{spec.outputs}];
"""
