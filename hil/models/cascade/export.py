"""Two-tier cascades as C: both cells, the margin, the classifier and the scan."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hil.models import ctext
from hil.models.cascade.golden_fixed import FixedCascade
from hil.models.cascade.network import CLUTTER_SCORE, Cascade, CascadeNetwork
from hil.models.cell.export import cell_f32, cell_fixed, scratch
from hil.values import Precision

if TYPE_CHECKING:
    from hil.models.spec import ModelSpec


def source_f32(spec: ModelSpec, model: Cascade) -> str:
    """float32: takes counts as int16 and normalises them itself."""
    network = model.network
    lower, upper = cell_f32("lower", model.lower), cell_f32("upper", model.upper)
    margin, margin_header = ctext.float_matrix("margin", [model.margin], model.margin_bias)
    classifier, header = ctext.float_matrix("classifier", [model.classifier], model.classifier_bias)
    clutter = np.zeros(network.classes, dtype=np.float32)
    clutter[0] = CLUTTER_SCORE
    fields: list[tuple[str, object]] = [
        ("scale", ctext.literal(np.float32(1.0 / network.divisor))),
        ("limit", ctext.literal(np.float32(network.scan.limit))),
    ]
    parts = [lower.text, upper.text, margin, classifier, ctext.array("clutter", clutter)]
    headers = [*lower.headers, *upper.headers, margin_header, header]
    return _source(spec, Precision.F32, parts, headers, fields)


def source_fixed(spec: ModelSpec, model: FixedCascade, precision: Precision) -> str:
    """q15 or q7: takes counts as int16 and normalises them itself, in place."""
    lower, upper = cell_fixed("lower", model.lower), cell_fixed("upper", model.upper)
    margin, margin_header = ctext.fixed_matrix("margin", model.margin)
    classifier, header = ctext.fixed_matrix("classifier", model.classifier)
    fields: list[tuple[str, object]] = [("gain", model.gain), ("limit", model.limit)]
    parts = [lower.text, upper.text, margin, classifier, ctext.array("clutter", model.clutter)]
    headers = [*lower.headers, *upper.headers, margin_header, header]
    return _source(spec, precision, parts, headers, fields)


def _source(
    spec: ModelSpec,
    precision: Precision,
    parts: list[str],
    headers: list[str],
    arithmetic: list[tuple[str, object]],
) -> str:
    network: CascadeNetwork = spec.network
    single = precision is Precision.F32
    suffix, c_type = ("f32", "float") if single else ("fixed", "int16_t")
    scan = network.scan
    cascade = ctext.struct(
        f"hil_cascade_{suffix}",
        "cascade",
        [
            ("scan", f"{{{scan.length}, {scan.stride}, {scan.check_every}, {scan.consecutive}}}"),
            ("features", network.features),
            ("middle", network.middle),
            *arithmetic,
            ("lower", "&lower"),
            ("margin", "&margin"),
            ("upper", "&upper"),
            ("classifier", "&classifier"),
            ("clutter", "clutter"),
        ],
    )
    definitions = "\n".join([*parts, cascade])
    finals = scan.instances(spec.max_steps) * network.lower.hidden
    samples = f"static _Alignas(4) float samples[{spec.max_steps * spec.features}];\n" if single else ""
    output_type = np.float32 if single else np.int16
    return f"""{ctext.includes([*headers, f"cascade_{suffix}.h"])}

{definitions}
{ctext.buffers(spec, np.int16, output_type)}{samples}static _Alignas(4) {c_type} finals[{finals}];
static _Alignas(4) {c_type} state[{network.upper.hidden}];

/* One tier runs at a time. */
static union {{
    _Alignas(4) {c_type} lower[{scratch(network.lower)}];
    {c_type} upper[{scratch(network.upper)}];
}} cells;

static int run(uint32_t steps)
{{
    const struct hil_cascade_{suffix}_scratch scratch = {{
        .samples = {"samples" if single else "input"},
        .finals = finals,
        .state = state,
        .cells = cells.lower,
    }};
    return hil_cascade_{suffix}_run(&cascade, input, steps, &scratch, output);
}}

{ctext.model_struct(spec, precision, np.int16, output_type)}"""
