/* FastGRNN in q15: 16-bit weights and activations, 32-bit sums, power-of-two scales. Per step, from x and h:
 *
 *   left  = sat16((W1 x + half) >> w1_shift)                   or x where W is not factored
 *   right = sat16((U1 h + half) >> u1_shift)                   or h where U is not factored
 *   sums  = mix [left; right]                                  mix = [W2 | U2], exact in 32 bits
 *   z     = gate(sums),  c = update(sums)                      14 fraction bits, see activations_q15.h
 *   k     = ((zeta + nu) 2^14 - zeta z + 2^13) >> 14           zeta (1 - z) + nu
 *   h'    = sat16((z h + ((k c + half) >> state_shift) + 2^13) >> 14)
 *
 * with half = (1 << shift) >> 1 of the shift that follows. zeta and nu have 14 fraction bits and are already through
 * the logistic function; h has 14 - state_shift, so that it can grow past 1. hil/models/golden_q15.py is the
 * reference, and hil/models/quantise.py proves that no sum overflows.
 */
#ifndef HIL_FASTGRNN_Q15_H
#define HIL_FASTGRNN_Q15_H

#include <stddef.h>
#include <stdint.h>

#include "activations_q15.h"
#include "fastgrnn_shape.h"

struct fastgrnn_q15 {
    uint16_t features;
    uint16_t hidden;
    uint16_t rank_w;    /* 0: W is not factored */
    uint16_t rank_u;    /* 0: U is not factored */
    const int16_t *w1;  /* rank_w x features, or NULL */
    const int16_t *u1;  /* rank_u x hidden, or NULL */
    const int16_t *mix; /* hidden rows, each the row of W2 (or W) and then that of U2 (or U) */
    const int32_t *gate_bias;
    const int32_t *update_bias;
    uint8_t w1_shift;
    uint8_t u1_shift;
    uint8_t gate_shift;
    uint8_t update_shift;
    uint8_t state_shift;
    int16_t zeta;
    int16_t nu;
    hil_gate_q15 gate;
    hil_gate_q15 update;
};

/* Buffers of the caller's: sums of FASTGRNN_Q15_SUMS elements, halves of FASTGRNN_Q15_HALVES. */
struct fastgrnn_q15_scratch {
    int32_t *sums;
    int16_t *halves;
};

/* The classifier of `outputs` rows that follows the cell may share the sums. */
#define FASTGRNN_Q15_SUMS(features, hidden, rank_w, rank_u, outputs) \
    FASTGRNN_MAX(FASTGRNN_MAX(hidden, outputs), FASTGRNN_MAX(rank_w, rank_u))
#define FASTGRNN_Q15_HALVES(features, hidden, rank_w, rank_u) \
    (FASTGRNN_LEFT(features, rank_w) + FASTGRNN_RIGHT(hidden, rank_u) + 2 * (hidden))

size_t fastgrnn_q15_scratch_size(const struct fastgrnn_q15 *cell); /* bytes of both, without a classifier */

/* Run steps of input (steps x features) from the state (hidden elements: the caller zeroes it, or goes on from where it
 * was). Returns 0, or -1 for a null pointer. */
int fastgrnn_q15_run(const struct fastgrnn_q15 *cell, const int16_t *input, uint32_t steps, int16_t *state,
                     const struct fastgrnn_q15_scratch *scratch);

#endif
