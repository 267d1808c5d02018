#include "fastgrnn_q15.h"

#include <string.h>

#include "matvec_q15.h"
#include "q15.h"

size_t fastgrnn_q15_scratch_size(const struct fastgrnn_q15 *cell)
{
    const size_t sums = (size_t)FASTGRNN_Q15_SUMS(cell->features, cell->hidden, cell->rank_w, cell->rank_u, 0);
    const size_t halves = (size_t)FASTGRNN_Q15_HALVES(cell->features, cell->hidden, cell->rank_w, cell->rank_u);
    return sums * sizeof(int32_t) + halves * sizeof(int16_t);
}

/* The factor that comes first, or the vector itself: the operand of mix. */
static void operand(const int16_t *factor, const int16_t *vector, uint32_t rank, uint32_t length, uint32_t shift,
                    int32_t *sums, int16_t *out)
{
    if (rank != 0) {
        hil_matvec_q15(factor, vector, rank, length, sums);
        hil_requantise_q15(sums, shift, rank, out);
    } else {
        memcpy(out, vector, length * sizeof(int16_t));
    }
}

static void next_state(const struct fastgrnn_q15 *cell, const int16_t *z, const int16_t *c, int16_t *state)
{
    const int32_t zeta = cell->zeta;
    const int32_t shift = cell->state_shift;
    const int32_t half = hil_half_q15(cell->state_shift);
    const int32_t rounding = HIL_Q15_ONE >> 1;
    const int32_t most = (zeta + cell->nu) * HIL_Q15_ONE + rounding;
    const uint32_t hidden = cell->hidden;
    for (uint32_t i = 0; i < hidden; i++) {
        const int32_t k = (most - zeta * z[i]) >> HIL_Q15_UNIT;
        const int32_t added = (k * c[i] + half) >> shift;
        state[i] = hil_saturate_q15((z[i] * state[i] + added + rounding) >> HIL_Q15_UNIT);
    }
}

int fastgrnn_q15_run(const struct fastgrnn_q15 *cell, const int16_t *input, uint32_t steps, int16_t *state,
                     const struct fastgrnn_q15_scratch *scratch)
{
    if (cell == NULL || input == NULL || state == NULL || scratch == NULL) {
        return -1;
    }
    const uint32_t hidden = cell->hidden;
    const uint32_t left = FASTGRNN_LEFT(cell->features, cell->rank_w);
    const uint32_t right = FASTGRNN_RIGHT(hidden, cell->rank_u);
    int32_t *sums = scratch->sums;
    int16_t *operands = scratch->halves;
    int16_t *z = operands + left + right;
    int16_t *c = z + hidden;
    for (uint32_t step = 0; step < steps; step++) {
        operand(cell->w1, input, cell->rank_w, cell->features, cell->w1_shift, sums, operands);
        operand(cell->u1, state, cell->rank_u, hidden, cell->u1_shift, sums, operands + left);
        hil_matvec_q15(cell->mix, operands, hidden, left + right, sums);
        cell->gate(sums, cell->gate_bias, cell->gate_shift, hidden, z);
        cell->update(sums, cell->update_bias, cell->update_shift, hidden, c);
        next_state(cell, z, c, state);
        input += cell->features;
    }
    return 0;
}
