#include "rnnpool_f32.h"

#include <stddef.h>
#include <string.h>

/* The second cell over P states from each of two places on, forward and backward: 4 H2 elements. */
static int both_ways(const struct hil_rnnpool_f32 *pool, const float *rows, int32_t row_step, const float *columns,
                     float *scratch, float *out)
{
    const int32_t last = pool->shape.patch - 1;
    const int32_t column_step = pool->first->hidden;
    const struct hil_walk walks[4] = {
        {.step = row_step, .sequence = 0, .sequences = 1},
        {.step = -row_step, .sequence = 0, .sequences = 1},
        {.step = column_step, .sequence = 0, .sequences = 1},
        {.step = -column_step, .sequence = 0, .sequences = 1},
    };
    const float *const inputs[4] = {rows, rows + last * row_step, columns, columns + last * column_step};
    memset(out, 0, 4u * pool->second->hidden * sizeof *out);
    return hil_cell_f32_run_many(pool->second, walks, inputs, 4, pool->shape.patch, out, scratch);
}

int hil_rnnpool_f32_patch(const struct hil_rnnpool_f32 *pool, const float *patch, uint32_t pitch, float *states,
                            float *scratch, float *out)
{
    const uint16_t size = pool->shape.patch;
    const uint16_t channels = pool->shape.channels;
    const uint32_t hidden = pool->first->hidden;
    const struct hil_walk walks[2] = {
        {.step = channels, .sequence = (int32_t)pitch, .sequences = size},
        {.step = (int32_t)pitch, .sequence = channels, .sequences = size},
    };
    const float *const inputs[2] = {patch, patch};
    memset(states, 0, 2u * size * hidden * sizeof *states);
    const int status = hil_cell_f32_run_many(pool->first, walks, inputs, 2, size, states, scratch);
    return status < 0 ? status : both_ways(pool, states, (int32_t)hidden, states + size * hidden, scratch, out);
}

/* Runs of the first cell, `count` sequences of `steps` each, a few at a time. */
static int run_first(const struct hil_rnnpool_f32 *pool, const float *input, int32_t sequence, uint32_t count,
                     uint32_t steps, float *states, float *scratch)
{
    while (count != 0) {
        const uint16_t some = (uint16_t)(count < HIL_RNNPOOL_SEQUENCES ? count : HIL_RNNPOOL_SEQUENCES);
        const struct hil_walk walk = {.step = pool->shape.channels, .sequence = sequence, .sequences = some};
        const int status = hil_cell_f32_run_many(pool->first, &walk, &input, 1, steps, states, scratch);
        if (status < 0) {
            return status;
        }
        input += some * sequence;
        states += (uint32_t)some * pool->first->hidden;
        count -= some;
    }
    return 0;
}

/* A row of patches is complete: pool it, then let the rows go that the next one does not need. */
static int finish(const struct hil_rnnpool_f32 *pool, const struct hil_rnnpool_f32_state *state,
                  const float *columns, float *out)
{
    const struct hil_rnnpool_shape *shape = &pool->shape;
    const uint32_t hidden = pool->first->hidden;
    const uint32_t pitch = HIL_RNNPOOL_PITCH(shape->out_width * hidden);
    for (uint32_t x = 0; x < shape->out_width; x++) {
        const float *from = columns + x * shape->stride * hidden;
        const int status = both_ways(pool, state->rows + x * hidden, (int32_t)pitch, from, state->scratch, out);
        if (status < 0) {
            return status;
        }
        out += 4u * pool->second->hidden;
    }
    if (shape->stride < shape->patch) {
        const uint32_t kept = (uint32_t)shape->patch - shape->stride;
        memmove(state->rows, state->rows + shape->stride * pitch, kept * pitch * sizeof *state->rows);
    }
    return 0;
}

int hil_rnnpool_f32_push(const struct hil_rnnpool_f32 *pool, const struct hil_rnnpool_f32_state *state, uint32_t y,
                           const float *row, float *map)
{
    const struct hil_rnnpool_shape *shape = &pool->shape;
    const uint32_t patch = shape->patch;
    const uint32_t stride = shape->stride;
    const uint32_t hidden = pool->first->hidden;
    const uint32_t width = HIL_RNNPOOL_WIDTH(shape->out_width, patch, stride);
    const uint32_t pitch = HIL_RNNPOOL_PITCH(width * hidden); /* from one row of patches' columns to the next's */
    const uint32_t oldest = y < patch ? 0 : (y - patch) / stride + 1; /* of the rows of patches that need this row */
    const uint32_t newest = y / stride < shape->out_height ? y / stride : shape->out_height - 1u;
    if (oldest > newest) {
        return 0;
    }
    float *rows = state->rows + (y - oldest * stride) * HIL_RNNPOOL_PITCH(shape->out_width * hidden);
    memset(rows, 0, shape->out_width * hidden * sizeof *rows);
    const int32_t apart = shape->channels * shape->stride;
    int status = run_first(pool, row, apart, shape->out_width, patch, rows, state->scratch);
    for (uint32_t i = oldest; i <= newest && status == 0; i++) {
        float *columns = state->columns + i % HIL_RNNPOOL_OVERLAP(patch, stride) * pitch;
        if (y == i * stride) {
            memset(columns, 0, width * hidden * sizeof *columns);
        }
        status = run_first(pool, row, shape->channels, width, 1, columns, state->scratch);
    }
    if (status == 0 && y == oldest * stride + patch - 1) {
        const float *columns = state->columns + oldest % HIL_RNNPOOL_OVERLAP(patch, stride) * pitch;
        float *out = map + oldest * shape->out_width * 4u * pool->second->hidden;
        status = finish(pool, state, columns, out);
    }
    return status;
}
