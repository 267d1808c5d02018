"""Pieces of generated C: literals, arrays, the model struct."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from hil.models.spec import ModelSpec

_C_TYPES = {"float32": "float", "int16": "int16_t", "int32": "int32_t"}


def literal(value: Any) -> str:
    """A number as C reads it back to the same bits; float32 gets the shortest such decimal."""
    if isinstance(value, np.floating):
        text = np.format_float_scientific(np.float32(value), unique=True, trim="0", exp_digits=1)
        return f"{text}f"
    if int(value) == -(2**31):
        return "(-2147483647 - 1)"
    return str(int(value))


def array(name: str, values: npt.NDArray[Any]) -> str:
    """``static const`` array, row-major, one row of a matrix per line where it fits."""
    c_type = _C_TYPES[values.dtype.name]
    rows = values.reshape(-1, values.shape[-1])
    lines = [line for row in rows for line in _wrapped([literal(value) for value in row])]
    return f"static const {c_type} {name}[{values.size}] = {{\n" + "\n".join(lines) + "\n};\n"


def _wrapped(items: list[str], width: int = 112) -> list[str]:
    lines, line = [], "   "
    for item in items:
        if len(line) + len(item) + 2 > width:
            lines.append(line)
            line = "   "
        line += f" {item},"
    return [*lines, line]


def model_struct(spec: ModelSpec, precision: str, dtype: str) -> str:
    """The buffers and ``hil_model`` itself; expects ``run`` to be defined before."""
    return f"""const struct hil_model hil_model = {{
    .name = "{spec.name}",
    .precision = HIL_PRECISION_{precision.upper()},
    .input_dtype = HIL_{dtype},
    .output_dtype = HIL_{dtype},
    .features = {spec.features},
    .min_steps = {spec.min_steps},
    .max_steps = {spec.max_steps},
    .outputs = {spec.outputs},
    .input = input,
    .output = output,
    .run = run,
}};
"""


def buffers(spec: ModelSpec, c_type: str) -> str:
    """The input, output and state buffers of a model; the runtime wants the first two aligned to 8."""
    return f"""static _Alignas(8) {c_type} input[{spec.max_steps * spec.features}];
static _Alignas(8) {c_type} output[{spec.outputs}];
static {c_type} state[{spec.network.hidden}];
"""
