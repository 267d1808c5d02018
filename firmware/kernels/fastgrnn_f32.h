/* FastGRNN in float32 (Kusupati et al., NeurIPS 2018).
 *
 *   x  = (input - mean) * scale                      where the cell normalises
 *   p  = W x + U h,   W = W2 W1, U = U2 U1           where they are factored
 *   z  = gate(p + bias_gate),  c = update(p + bias_update)
 *   h' = z . h + (zeta (1 - z) + nu) . c             zeta, nu already through the logistic function
 */
#ifndef HIL_FASTGRNN_F32_H
#define HIL_FASTGRNN_F32_H

#include <stddef.h>
#include <stdint.h>

#include "activations_f32.h"
#include "fastgrnn_shape.h"

struct fastgrnn_f32 {
    uint16_t features;
    uint16_t hidden;
    uint16_t rank_w;      /* 0: W is not factored */
    uint16_t rank_u;      /* 0: U is not factored */
    uint16_t norm_stride; /* from one step's mean and scale to the next: features, or 0 for the same at each step */
    const float *mean;    /* NULL: the input is taken as it is */
    const float *scale;
    const float *w1;      /* rank_w x features, or NULL */
    const float *u1;      /* rank_u x hidden, or NULL */
    const float *mix;     /* hidden rows, each the row of W2 (or W) and then that of U2 (or U) */
    const float *bias_gate;
    const float *bias_update;
    float zeta;
    float nu;
    hil_gate_f32 gate;
    hil_gate_f32 update;
};

/* Floats of scratch, for a static array; fastgrnn_f32_scratch_size gives the same in bytes. */
#define FASTGRNN_F32_SCRATCH(features, hidden, rank_w, rank_u) \
    ((features) + FASTGRNN_LEFT(features, rank_w) + FASTGRNN_RIGHT(hidden, rank_u) + 2 * (hidden))

size_t fastgrnn_f32_scratch_size(const struct fastgrnn_f32 *cell); /* bytes */

/* Run steps of input (steps x features) from the state (hidden elements: the caller zeroes it, or goes on from
 * where it was). Returns 0, or -1 for a null pointer. */
int fastgrnn_f32_run(const struct fastgrnn_f32 *cell, const float *input, uint32_t steps, float *state,
                     float *scratch);

#endif
