"""FastGRNN in q15 as C (kernels/fastgrnn_q15.h says what it computes)."""

from __future__ import annotations

from hil.models.ctext import array, buffers, model_struct
from hil.models.quantise import quantise
from hil.models.spec import ModelSpec
from hil.models.weights import FastGrnn

GATE_FUNCTIONS = {
    "quantSigm": "hil_quant_sigm_q15",
    "quantSigm4": "hil_quant_sigm_q15",  # differs in shift and offset only
    "quantTanh": "hil_quant_tanh_q15",
}


def fastgrnn_q15(spec: ModelSpec, model: FastGrnn) -> str:
    """The source after its first line. The firmware takes features that the host normalised and quantised."""
    fixed, network = quantise(spec, model), spec.network
    arrays = {
        "w1": fixed.w1,
        "u1": fixed.u1,
        "mix": fixed.mix,
        "bias_gate": fixed.gate.bias,
        "bias_update": fixed.update.bias,
        "classifier_weights": fixed.classifier,
        "classifier_bias": fixed.classifier_bias,
    }
    weights = "\n".join(array(name, values) for name, values in arrays.items() if values is not None)
    sizes = f"{network.features}, {network.hidden}, {network.rank_w}, {network.rank_u}"
    return f"""#include <string.h>

#include "kernels/dense_q15.h"
#include "kernels/fastgrnn_q15.h"
#include "runtime/model.h"

{weights}
static const struct fastgrnn_q15 cell = {{
    .features = {network.features},
    .hidden = {network.hidden},
    .rank_w = {network.rank_w},
    .rank_u = {network.rank_u},
    .w1 = {"NULL" if fixed.w1 is None else "w1"},
    .u1 = {"NULL" if fixed.u1 is None else "u1"},
    .mix = mix,
    .gate_bias = bias_gate,
    .update_bias = bias_update,
    .w1_shift = {fixed.w1_shift},
    .u1_shift = {fixed.u1_shift},
    .gate_shift = {fixed.gate.shift},
    .update_shift = {fixed.update.shift},
    .state_shift = {fixed.state_shift},
    .zeta = {fixed.zeta},
    .nu = {fixed.nu},
    .gate = {GATE_FUNCTIONS[network.gate]},
    .update = {GATE_FUNCTIONS[network.update]},
}};

static const struct dense_q15 classifier = {{
    .inputs = {network.hidden},
    .outputs = {network.outputs},
    .shift = {fixed.classifier_shift},
    .weights = classifier_weights,
    .bias = classifier_bias,
}};

{buffers(spec, "int16_t")}static int32_t sums[FASTGRNN_Q15_SUMS({sizes}, {network.outputs})];
static int16_t halves[FASTGRNN_Q15_HALVES({sizes})];
static const struct fastgrnn_q15_scratch scratch = {{.sums = sums, .halves = halves}};

static int run(uint32_t steps)
{{
    memset(state, 0, sizeof state);
    const int status = fastgrnn_q15_run(&cell, input, steps, state, &scratch);
    return status < 0 ? status : dense_q15_run(&classifier, state, sums, output);
}}

{model_struct(spec, "q15", "I16")}"""
