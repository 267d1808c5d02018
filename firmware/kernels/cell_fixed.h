/* FastGRNN (Kusupati et al., NeurIPS 2018) and FastRNN in fixed point, with weights of 16 or 8 bits.
 *
 * Per step, from x and the state h:
 *   left  = W1 x, or x where W is not factored        right = U1 h, or h where U is not factored
 *   p     = [W2 | U2] [left; right]                   `pre` fraction bits, saturated to 16 bits
 *   t     = sat16(p + bias), doubled with saturation until it has the bits that the gate takes
 *   FastGRNN:  z = gate(t_g),  c = update(t_h)
 *              k = ((zeta + nu) 2^f + 2^(f-1) - zeta z) >> f                 zeta (1 - z) + nu
 *              h' = sat16((z h + ((k c + half) >> shift) + 2^(f-1)) >> f)    f = unit, half = 2^shift / 2
 *   FastRNN:   c = update(t_h),  z = zeta and k = nu constant (beta and alpha of the paper)
 * zeta and nu are already through the logistic function, and hold the ratio of c's scale to h's.
 * hil/models/rnn/golden_fixed.py is the reference; hil/models/rnn/quantise.py proves that no sum overflows.
 */
#ifndef HIL_CELL_FIXED_H
#define HIL_CELL_FIXED_H

#include <stddef.h>
#include <stdint.h>

#include "cell_shape.h"
#include "gates_fixed.h"
#include "matrix_fixed.h"

struct hil_cell_fixed;

/* p of `sequences` sequences and their states -> the next states; p is spoilt. gates: scratch of `hidden` elements. */
typedef void (*hil_tail_fixed)(const struct hil_cell_fixed *cell, int16_t *pre, uint32_t sequences, int16_t *states,
                               int16_t *gates);

struct hil_cell_fixed {
    uint16_t hidden;
    const struct hil_matrix *w1;  /* NULL: W is not factored */
    const struct hil_matrix *u1;  /* NULL: U is not factored */
    const struct hil_matrix *mix; /* [W2 | U2], with W or U itself where it is not factored */
    hil_tail_fixed tail;          /* of cell_tail_fixed.h; of cell_quant_fixed.h or cell_blend_fixed.h, which have one bias */
    const int16_t *bias_gate;     /* at the bits of p; NULL in a FastRNN */
    const int16_t *bias_update;
    hil_gate_fixed gate; /* NULL in a FastRNN, and with the tails for quantSigm and quantTanh */
    hil_gate_fixed update;
    uint8_t gate_doublings;
    uint8_t update_doublings;
    uint8_t unit;  /* fraction bits of z */
    uint8_t shift; /* by which k has more bits than z */
    int16_t zeta;
    int16_t nu;
};

/* Run `steps` steps of input (steps x features, one after the other) from the state (hidden elements: the caller zeroes
 * it, or goes on from where it was). scratch: HIL_CELL_SCRATCH elements, aligned to 4. Returns 0, or -1 for a null
 * pointer. */
int hil_cell_fixed_run(const struct hil_cell_fixed *cell, const int16_t *input, uint32_t steps, int16_t *state,
                       int16_t *scratch);

/* The same for several sequences at once, which share each pass over the gates. inputs: where each of the `count` walks
 * starts; states: one row of `hidden` elements per sequence, walk by walk, aligned to 4. */
int hil_cell_fixed_run_many(const struct hil_cell_fixed *cell, const struct hil_walk *walks, const int16_t *const *inputs,
                            uint32_t count, uint32_t steps, int16_t *states, int16_t *scratch);

#endif
