"""FastGRNN in float32 as C (kernels/fastgrnn_f32.h says what it computes)."""

from __future__ import annotations

import numpy as np

from hil.models.ctext import array, buffers, literal, model_struct
from hil.models.spec import ModelSpec
from hil.models.weights import FastGrnn

GATE_FUNCTIONS = {
    "quantSigm": "hil_quant_sigm_f32",
    "quantSigm4": "hil_quant_sigm4_f32",
    "quantTanh": "hil_quant_tanh_f32",
    "relu": "hil_relu_f32",
    "sigmoid": "hil_sigmoid_f32",
    "tanh": "hil_tanh_f32",
}


def fastgrnn_f32(spec: ModelSpec, model: FastGrnn) -> str:
    """The source after its first line. The firmware takes raw features and normalises them itself."""
    network = spec.network
    arrays = {
        "mean": model.mean,
        "scale": model.scale,
        "w1": model.w1,
        "u1": model.u1,
        "mix": model.mix,
        "bias_gate": model.bias_gate,
        "bias_update": model.bias_update,
        "classifier_weights": model.classifier,
        "classifier_bias": model.classifier_bias,
    }
    weights = "\n".join(array(name, values) for name, values in arrays.items() if values is not None)
    sizes = f"{network.features}, {network.hidden}, {network.rank_w}, {network.rank_u}"
    return f"""#include <string.h>

#include "kernels/dense_f32.h"
#include "kernels/fastgrnn_f32.h"
#include "runtime/model.h"

{weights}
static const struct fastgrnn_f32 cell = {{
    .features = {network.features},
    .hidden = {network.hidden},
    .rank_w = {network.rank_w},
    .rank_u = {network.rank_u},
    .norm_stride = {network.features if len(model.mean) > 1 else 0},
    .mean = mean,
    .scale = scale,
    .w1 = {"NULL" if model.w1 is None else "w1"},
    .u1 = {"NULL" if model.u1 is None else "u1"},
    .mix = mix,
    .bias_gate = bias_gate,
    .bias_update = bias_update,
    .zeta = {literal(np.float32(model.zeta))},
    .nu = {literal(np.float32(model.nu))},
    .gate = {GATE_FUNCTIONS[network.gate]},
    .update = {GATE_FUNCTIONS[network.update]},
}};

static const struct dense_f32 classifier = {{
    .inputs = {network.hidden},
    .outputs = {network.outputs},
    .weights = classifier_weights,
    .bias = classifier_bias,
}};

{buffers(spec, "float")}static float scratch[FASTGRNN_F32_SCRATCH({sizes})];

static int run(uint32_t steps)
{{
    memset(state, 0, sizeof state);
    const int status = fastgrnn_f32_run(&cell, input, steps, state, scratch);
    return status < 0 ? status : dense_f32_run(&classifier, state, output);
}}

{model_struct(spec, "f32", "F32")}"""
