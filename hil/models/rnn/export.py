"""Recurrent models as C."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hil.models import ctext
from hil.models.cell.export import cell_f32, cell_fixed, scratch
from hil.models.rnn.network import Rnn
from hil.models.rnn.quantise import FixedRnn
from hil.values import Precision

if TYPE_CHECKING:
    from hil.models.spec import ModelSpec


def source_f32(spec: ModelSpec, model: Rnn) -> str:
    """float32: takes raw features and normalises them itself, in place."""
    cell = cell_f32("cell", model.cell)
    parts, headers = [cell.text], [*cell.headers]
    normalise = ""
    if model.mean is not None and model.scale is not None:
        parts += [ctext.array("mean", model.mean), ctext.array("scale", model.scale)]
        headers.append("normalise_f32.h")
        stride = spec.features if len(model.mean) > 1 else 0
        normalise = f"    hil_normalise_f32(input, mean, scale, {stride}, {spec.features}, steps);\n"
    if model.classifier is not None:
        text, header = ctext.float_matrix("classifier", [model.classifier], model.classifier_bias)
        parts.append(text)
        headers.append(header)
    body = _body("f32", normalise, model.classifier is not None)
    return _source(spec, Precision.F32, np.float32, parts, headers, body)


def source_fixed(spec: ModelSpec, model: FixedRnn, precision: Precision) -> str:
    """q15 or q7: takes features that the host normalised and quantised."""
    cell = cell_fixed("cell", model.cell)
    parts, headers = [cell.text], [*cell.headers]
    if model.classifier is not None:
        text, header = ctext.fixed_matrix("classifier", model.classifier)
        parts.append(text)
        headers.append(header)
    body = _body("fixed", "", model.classifier is not None)
    return _source(spec, precision, np.int16, parts, headers, body)


def _source(
    spec: ModelSpec,
    precision: Precision,
    dtype: type[np.float32] | type[np.int16],
    parts: list[str],
    headers: list[str],
    body: str,
) -> str:
    shape = spec.network.cell
    c_type = ctext.C_TYPES[np.dtype(dtype).name]
    definitions = "\n".join(parts)
    return f"""{ctext.includes(headers)}

{definitions}
{ctext.buffers(spec, dtype, dtype)}static _Alignas(4) {c_type} state[{shape.hidden}];
static _Alignas(4) {c_type} scratch[{scratch(shape)}];

{body}
{ctext.model_struct(spec, precision, dtype, dtype)}"""


def _body(suffix: str, normalise: str, classified: bool) -> str:
    finish = (
        "    classifier.project(&classifier, state, NULL, output);\n"
        if classified
        else "    memcpy(output, state, sizeof state);\n"
    )
    return f"""static int run(uint32_t steps)
{{
    memset(state, 0, sizeof state);
{normalise}    const int status = hil_cell_{suffix}_run(&cell, input, steps, state, scratch);
    if (status < 0) {{
        return status;
    }}
{finish}    return 0;
}}
"""
