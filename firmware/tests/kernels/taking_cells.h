/* Recurrent cells from stdin: what tests/support/kernel_cases.py writes of one. */
#ifndef TAKING_CELLS_H
#define TAKING_CELLS_H

#include <string.h>

#include "kernels/cell_blend_fixed.h"
#include "kernels/cell_f32.h"
#include "kernels/cell_fixed.h"
#include "kernels/cell_quant_fixed.h"
#include "kernels/cell_tail_f32.h"
#include "kernels/cell_tail_fixed.h"
#include "kernels/gates_f32.h"
#include "kernels/gates_fixed.h"
#include "taking.h"

static const hil_gate_fixed gates[] = {
    hil_unit_fixed, hil_quant_tanh_fixed, hil_relu_fixed, hil_sigmoid_fixed, hil_tanh_fixed, NULL,
};
static const hil_gate_f32 gates_f32[] = {
    hil_quant_sigm_f32, hil_quant_sigm4_f32, hil_quant_tanh_f32, hil_relu_f32, hil_sigmoid_f32, hil_tanh_f32, NULL,
};
static const hil_tail_fixed tails[] = {
    hil_tail_fastgrnn, hil_tail_fastrnn, hil_tail_quant13, hil_tail_quant12, hil_tail_quant11,
    hil_tail_blend13,  hil_tail_blend12, hil_tail_blend11,
};
static const hil_tail_f32 tails_f32[] = {hil_tail_fastgrnn_f32, hil_tail_fastrnn_f32};

/* Behind it: the matrices w1, u1 and mix, and the biases. */
struct cell_header {
    uint32_t hidden, tail, gate, update, gate_doublings, update_doublings, unit, shift;
    int32_t zeta, nu; /* of a float cell: floats */
};

static inline const struct hil_cell_fixed *taken_cell(void)
{
    const struct cell_header *s = taken(1, sizeof *s);
    const struct hil_matrix *w1 = taken_matrix();
    const struct hil_matrix *u1 = taken_matrix();
    const struct hil_matrix *mix = taken_matrix();
    const int fused = tails[s->tail] != hil_tail_fastgrnn && tails[s->tail] != hil_tail_fastrnn;
    const uint32_t gate_biases = fused ? 2 * HIL_EVEN(s->hidden) : s->hidden;
    const int16_t *bias_gate = gates[s->gate] != NULL ? taken(gate_biases, sizeof *bias_gate) : NULL;
    const int16_t *bias_update = fused ? NULL : taken(s->hidden, sizeof *bias_update);
    struct hil_cell_fixed *kept = room(sizeof *kept);
    const struct hil_cell_fixed cell = {
        .hidden = (uint16_t)s->hidden, .w1 = w1, .u1 = u1, .mix = mix, .tail = tails[s->tail],
        .bias_gate = bias_gate, .bias_update = bias_update, .gate = gates[s->gate], .update = gates[s->update],
        .gate_doublings = (uint8_t)s->gate_doublings, .update_doublings = (uint8_t)s->update_doublings,
        .unit = (uint8_t)s->unit, .shift = (uint8_t)s->shift, .zeta = (int16_t)s->zeta, .nu = (int16_t)s->nu,
    };
    *kept = cell;
    return kept;
}

static inline const struct hil_cell_f32 *taken_cell_f32(void)
{
    const struct cell_header *s = taken(1, sizeof *s);
    const struct hil_matrix_f32 *w1 = taken_matrix_f32();
    const struct hil_matrix_f32 *u1 = taken_matrix_f32();
    const struct hil_matrix_f32 *mix = taken_matrix_f32();
    const float *bias_gate = gates_f32[s->gate] != NULL ? taken(s->hidden, sizeof *bias_gate) : NULL;
    const float *bias_update = taken(s->hidden, sizeof *bias_update);
    struct hil_cell_f32 *kept = room(sizeof *kept);
    struct hil_cell_f32 cell = {
        .hidden = (uint16_t)s->hidden, .w1 = w1, .u1 = u1, .mix = mix, .tail = tails_f32[s->tail],
        .bias_gate = bias_gate, .bias_update = bias_update, .gate = gates_f32[s->gate],
        .update = gates_f32[s->update],
    };
    memcpy(&cell.zeta, &s->zeta, sizeof cell.zeta);
    memcpy(&cell.nu, &s->nu, sizeof cell.nu);
    *kept = cell;
    return kept;
}

/* Elements of scratch that a cell needs. */
static inline size_t cell_scratch(const struct hil_cell_fixed *cell, uint32_t sequences)
{
    const uint32_t rank_w = cell->w1 != NULL ? cell->w1->rows : 0u;
    const uint32_t rank_u = cell->u1 != NULL ? cell->u1->rows : 0u;
    return (size_t)HIL_CELL_SCRATCH((uint32_t)cell->hidden, rank_w, rank_u, sequences);
}

static inline size_t cell_scratch_f32(const struct hil_cell_f32 *cell, uint32_t sequences)
{
    const uint32_t rank_w = cell->w1 != NULL ? cell->w1->rows : 0u;
    const uint32_t rank_u = cell->u1 != NULL ? cell->u1->rows : 0u;
    return (size_t)HIL_CELL_SCRATCH((uint32_t)cell->hidden, rank_w, rank_u, sequences);
}

#endif
