/* FastGRNN (Kusupati et al., NeurIPS 2018) and FastRNN in float32.
 *
 * Per step, from x and the state h:
 *   left  = W1 x, or x where W is not factored        right = U1 h, or h where U is not factored
 *   p     = [W2 | U2] [left; right]
 *   FastGRNN:  z = gate(p + bias_gate),  c = update(p + bias_update)
 *              h' = z . h + (zeta (1 - z) + nu) . c
 *   FastRNN:   h' = zeta h + nu update(p + bias_update)       (beta and alpha of the paper)
 * zeta and nu are already through the logistic function.
 */
#ifndef HIL_CELL_F32_H
#define HIL_CELL_F32_H

#include <stddef.h>
#include <stdint.h>

#include "cell_shape.h"
#include "gates_f32.h"
#include "matrix_f32.h"

struct hil_cell_f32;

/* p of `sequences` sequences and their states -> the next states; p is spoilt. gates: scratch of `hidden` elements. */
typedef void (*hil_tail_f32)(const struct hil_cell_f32 *cell, float *pre, uint32_t sequences, float *states, float *gates);

struct hil_cell_f32 {
    uint16_t hidden;
    const struct hil_matrix_f32 *w1;  /* NULL: W is not factored */
    const struct hil_matrix_f32 *u1;  /* NULL: U is not factored */
    const struct hil_matrix_f32 *mix; /* [W2 | U2], with W or U itself where it is not factored */
    hil_tail_f32 tail;                /* hil_tail_fastgrnn_f32 or hil_tail_fastrnn_f32 of cell_tail_f32.h */
    const float *bias_gate;           /* NULL in a FastRNN */
    const float *bias_update;
    hil_gate_f32 gate; /* NULL in a FastRNN */
    hil_gate_f32 update;
    float zeta;
    float nu;
};

/* Run `steps` steps of input (steps x features, one after the other) from the state (hidden elements: the caller zeroes
 * it, or goes on from where it was). scratch: HIL_CELL_SCRATCH elements. Returns 0, or -1 for a null pointer. */
int hil_cell_f32_run(const struct hil_cell_f32 *cell, const float *input, uint32_t steps, float *state, float *scratch);

/* The same for several sequences at once, which share each pass over the gates. inputs: where each of the `count` walks
 * starts; states: one row of `hidden` elements per sequence, walk by walk. */
int hil_cell_f32_run_many(const struct hil_cell_f32 *cell, const struct hil_walk *walks, const float *const *inputs,
                          uint32_t count, uint32_t steps, float *states, float *scratch);

#endif
