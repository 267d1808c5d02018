#include "fastgrnn_f32.h"

#include <string.h>

#include "matvec_f32.h"

size_t fastgrnn_f32_scratch_size(const struct fastgrnn_f32 *cell)
{
    return sizeof(float) *
           (size_t)FASTGRNN_F32_SCRATCH(cell->features, cell->hidden, cell->rank_w, cell->rank_u);
}

static const float *normalised(const struct fastgrnn_f32 *cell, const float *input, uint32_t step, float *out)
{
    if (cell->mean == NULL) {
        return input;
    }
    const float *mean = cell->mean + (size_t)step * cell->norm_stride;
    const float *scale = cell->scale + (size_t)step * cell->norm_stride;
    for (uint32_t i = 0; i < cell->features; i++) {
        out[i] = (input[i] - mean[i]) * scale[i];
    }
    return out;
}

/* The factor that comes first, or the vector itself: the operand of mix. */
static void operand(const float *factor, const float *vector, uint32_t rank, uint32_t length, float *out)
{
    if (rank != 0) {
        hil_matvec_f32(factor, vector, rank, length, out);
    } else {
        memcpy(out, vector, length * sizeof(float));
    }
}

int fastgrnn_f32_run(const struct fastgrnn_f32 *cell, const float *input, uint32_t steps, float *state,
                     float *scratch)
{
    if (cell == NULL || input == NULL || state == NULL || scratch == NULL) {
        return -1;
    }
    const uint32_t hidden = cell->hidden;
    const uint32_t left = FASTGRNN_LEFT(cell->features, cell->rank_w);
    const uint32_t right = FASTGRNN_RIGHT(hidden, cell->rank_u);
    const float zeta = cell->zeta;
    const float nu = cell->nu;
    float *operands = scratch;
    float *z = operands + left + right;
    float *c = z + hidden; /* holds the sums first */
    float *x = c + hidden;
    for (uint32_t step = 0; step < steps; step++) {
        operand(cell->w1, normalised(cell, input, step, x), cell->rank_w, cell->features, operands);
        operand(cell->u1, state, cell->rank_u, hidden, operands + left);
        hil_matvec_f32(cell->mix, operands, hidden, left + right, c);
        cell->gate(c, cell->bias_gate, hidden, z);
        cell->update(c, cell->bias_update, hidden, c);
        for (uint32_t i = 0; i < hidden; i++) {
            state[i] = z[i] * state[i] + (zeta * (1.0f - z[i]) + nu) * c[i];
        }
        input += cell->features;
    }
    return 0;
}
