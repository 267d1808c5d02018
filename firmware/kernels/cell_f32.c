#include "cell_f32.h"

/* One time step of one sequence up to its sums. */
static void advance(const struct hil_cell_f32 *cell, const float *x, const float *state, float *left, float *right, float *pre)
{
    if (cell->w1 != NULL) {
        cell->w1->project(cell->w1, x, NULL, left);
        x = left;
    }
    if (cell->u1 != NULL) {
        cell->u1->project(cell->u1, state, NULL, right);
        state = right;
    }
    cell->mix->project(cell->mix, x, state, pre);
}

int hil_cell_f32_run_many(const struct hil_cell_f32 *cell, const struct hil_walk *walks, const float *const *inputs,
                            uint32_t count, uint32_t steps, float *states, float *scratch)
{
    if (cell == NULL || walks == NULL || inputs == NULL || states == NULL || scratch == NULL) {
        return -1;
    }
    const uint32_t hidden = cell->hidden;
    float *const left = scratch;
    float *const right = left + (cell->w1 != NULL ? HIL_EVEN(cell->w1->rows) : 0);
    float *const pre = right + (cell->u1 != NULL ? HIL_EVEN(cell->u1->rows) : 0);
    uint32_t sequences = 0;
    for (uint32_t i = 0; i < count; i++) {
        sequences += walks[i].sequences;
    }
    float *const gates = pre + HIL_EVEN(hidden * sequences);
    for (uint32_t step = 0; step < steps; step++) {
        const float *state = states;
        float *sums = pre;
        for (uint32_t i = 0; i < count; i++) {
            const float *x = inputs[i] + (int32_t)step * walks[i].step;
            for (uint32_t n = 0; n < walks[i].sequences; n++) {
                advance(cell, x, state, left, right, sums);
                x += walks[i].sequence;
                state += hidden;
                sums += hidden;
            }
        }
        cell->tail(cell, pre, sequences, states, gates);
    }
    return 0;
}

int hil_cell_f32_run(const struct hil_cell_f32 *cell, const float *input, uint32_t steps, float *state, float *scratch)
{
    if (cell == NULL || input == NULL || state == NULL || scratch == NULL) {
        return -1;
    }
    const uint32_t hidden = cell->hidden;
    const uint32_t features = cell->w1 != NULL ? cell->w1->columns : cell->mix->columns;
    float *const left = scratch;
    float *const right = left + (cell->w1 != NULL ? HIL_EVEN(cell->w1->rows) : 0);
    float *const pre = right + (cell->u1 != NULL ? HIL_EVEN(cell->u1->rows) : 0);
    float *const gates = pre + HIL_EVEN(hidden);
    for (; steps != 0; steps--) {
        advance(cell, input, state, left, right, pre);
        cell->tail(cell, pre, 1, state, gates);
        input += features;
    }
    return 0;
}
