#include "rnnpool_f32.h"

#include <stddef.h>
#include <string.h>

#include "many_f32.h"

/* Where the states of some patches of a row lie: of the first, of the one to the right, of the next row or column. */
struct lanes {
    const float *rows;
    const float *columns;
    int32_t row_step;
    int32_t row_next;
    int32_t column_step;
    int32_t column_next;
};

static int is_whole(const struct hil_cell_f32 *cell)
{
    return cell->w1 == NULL && cell->u1 == NULL;
}

/* One step of `count` sequences of a cell that is not factored, up to its sums. */
static void advance(const struct hil_cell_f32 *cell, const float *x, int32_t next, uint32_t count, const float *states,
                    float *pre)
{
    const struct hil_vectors_f32 vectors = {
        .first = x, .second = states, .first_step = next, .second_step = cell->hidden, .count = count,
    };
    hil_many_f32(cell->mix, &vectors, pre);
}

static void nonlinear(const struct hil_cell_f32 *cell, uint32_t count, float *states, float *pre)
{
    cell->tail(cell, pre, count, states, pre + HIL_RNNPOOL_PITCH(count * cell->hidden));
}

/* The second cell over one patch, where it is factored. */
static __attribute__((noinline)) int any_way(const struct hil_rnnpool_f32 *pool, const struct lanes *from, float *scratch,
                                             float *out)
{
    const int32_t last = pool->shape.patch - 1;
    const struct hil_walk walks[4] = {
        {.step = from->row_step, .sequence = 0, .sequences = 1},
        {.step = -from->row_step, .sequence = 0, .sequences = 1},
        {.step = from->column_step, .sequence = 0, .sequences = 1},
        {.step = -from->column_step, .sequence = 0, .sequences = 1},
    };
    const float *const inputs[4] = {
        from->rows,
        from->rows + last * from->row_step,
        from->columns,
        from->columns + last * from->column_step,
    };
    memset(out, 0, 4u * pool->second->hidden * sizeof *out);
    return hil_cell_f32_run_many(pool->second, walks, inputs, 4, pool->shape.patch, out, scratch);
}

/* The second cell over `count` patches in lock step, where it is not. */
static __attribute__((noinline)) void both_ways(const struct hil_rnnpool_f32 *pool, const struct lanes *from,
                                                uint32_t count, float *scratch, float *out)
{
    const struct hil_cell_f32 *cell = pool->second;
    const uint32_t hidden = cell->hidden;
    const uint32_t lane = count * hidden;
    float *states = count == 1 ? out : scratch; /* one patch's lie as in the output */
    float *pre = count == 1 ? scratch : scratch + 4 * lane;
    memset(states, 0, 4 * lane * sizeof *states);
    const int32_t steps = pool->shape.patch;
    for (int32_t step = 0; step < steps; step++) {
        const int32_t back = steps - 1 - step;
        const float *rows = from->rows;
        const float *columns = from->columns;
        advance(cell, rows + step * from->row_step, from->row_next, count, states, pre);
        advance(cell, rows + back * from->row_step, from->row_next, count, states + lane, pre + lane);
        advance(cell, columns + step * from->column_step, from->column_next, count, states + 2 * lane, pre + 2 * lane);
        advance(cell, columns + back * from->column_step, from->column_next, count, states + 3 * lane, pre + 3 * lane);
        nonlinear(cell, 4 * count, states, pre);
    }
    for (uint32_t patch = 0; patch < count && count != 1; patch++) {
        for (uint32_t way = 0; way < 4; way++, out += hidden) {
            memcpy(out, states + way * lane + patch * hidden, hidden * sizeof *out);
        }
    }
}

/* The second cell over `count` patches next to each other. The ways are apart, and what calls them does so last, so that
 * the stack holds no more than one of them needs. */
static int run_second(const struct hil_rnnpool_f32 *pool, struct lanes *from, uint32_t count, float *scratch,
                      float *out)
{
    const uint32_t most = is_whole(pool->second) ? HIL_RNNPOOL_PATCHES : 1;
    while (count != 0) {
        const uint32_t some = count < most ? count : most;
        if (most != 1) {
            both_ways(pool, from, some, scratch, out);
        } else {
            const int status = any_way(pool, from, scratch, out);
            if (status < 0) {
                return status;
            }
        }
        from->rows += (int32_t)some * from->row_next;
        from->columns += (int32_t)some * from->column_next;
        out += some * 4u * pool->second->hidden;
        count -= some;
    }
    return 0;
}

/* Runs of the first cell, `count` sequences of `steps` each, from the states, a few at a time. */
static int run_first(const struct hil_rnnpool_f32 *pool, const float *input, int32_t step, int32_t sequence,
                     uint32_t count, uint32_t steps, float *states, float *scratch)
{
    const struct hil_cell_f32 *cell = pool->first;
    while (count != 0) {
        const uint32_t some = count < HIL_RNNPOOL_SEQUENCES ? count : HIL_RNNPOOL_SEQUENCES;
        if (is_whole(cell)) {
            const float *x = input;
            for (uint32_t left = steps; left != 0; left--) {
                advance(cell, x, sequence, some, states, scratch);
                nonlinear(cell, some, states, scratch);
                x += step;
            }
        } else {
            const struct hil_walk walk = {.step = step, .sequence = sequence, .sequences = (uint16_t)some};
            const int status = hil_cell_f32_run_many(cell, &walk, &input, 1, steps, states, scratch);
            if (status < 0) {
                return status;
            }
        }
        input += (int32_t)some * sequence;
        states += some * cell->hidden;
        count -= some;
    }
    return 0;
}

int hil_rnnpool_f32_patch(const struct hil_rnnpool_f32 *pool, const float *patch, uint32_t pitch, float *states,
                            float *scratch, float *out)
{
    const uint32_t size = pool->shape.patch;
    const int32_t channels = pool->shape.channels;
    const uint32_t lane = HIL_RNNPOOL_PITCH(size * pool->first->hidden);
    memset(states, 0, 2 * lane * sizeof *states);
    int status = run_first(pool, patch, channels, (int32_t)pitch, size, size, states, scratch);
    if (status == 0) {
        status = run_first(pool, patch, (int32_t)pitch, channels, size, size, states + lane, scratch);
    }
    if (status < 0) {
        return status;
    }
    struct lanes from = {
        .rows = states, .columns = states + lane, .row_step = pool->first->hidden, .column_step = pool->first->hidden,
    };
    return run_second(pool, &from, 1, scratch, out);
}

/* A row of patches is complete: pool it, then let the rows go that the next one does not need. */
static __attribute__((noinline)) int finish(const struct hil_rnnpool_f32 *pool,
                                            const struct hil_rnnpool_f32_state *state, const float *columns,
                                            float *out)
{
    const struct hil_rnnpool_shape *shape = &pool->shape;
    const int32_t hidden = pool->first->hidden;
    const uint32_t pitch = HIL_RNNPOOL_PITCH(shape->out_width * (uint32_t)hidden);
    struct lanes from = {
        .rows = state->rows, .columns = columns, .row_step = (int32_t)pitch, .row_next = hidden,
        .column_step = hidden, .column_next = shape->stride * hidden,
    };
    const int status = run_second(pool, &from, shape->out_width, state->scratch, out);
    if (shape->stride < shape->patch) {
        const uint32_t kept = (uint32_t)shape->patch - shape->stride;
        memmove(state->rows, state->rows + shape->stride * pitch, kept * pitch * sizeof *state->rows);
    }
    return status;
}

int hil_rnnpool_f32_push(const struct hil_rnnpool_f32 *pool, const struct hil_rnnpool_f32_state *state, uint32_t y,
                           const float *row, float *map)
{
    const struct hil_rnnpool_shape *shape = &pool->shape;
    const uint32_t patch = shape->patch;
    const uint32_t stride = shape->stride;
    const uint32_t hidden = pool->first->hidden;
    const int32_t channels = shape->channels;
    const uint32_t width = HIL_RNNPOOL_WIDTH(shape->out_width, patch, stride);
    const uint32_t pitch = HIL_RNNPOOL_PITCH(width * hidden); /* from one row of patches' columns to the next's */
    const uint32_t oldest = y < patch ? 0 : (y - patch) / stride + 1; /* of the rows of patches that need this row */
    const uint32_t newest = y / stride < shape->out_height ? y / stride : shape->out_height - 1u;
    if (oldest > newest) {
        return 0;
    }
    float *rows = state->rows + (y - oldest * stride) * HIL_RNNPOOL_PITCH(shape->out_width * hidden);
    memset(rows, 0, shape->out_width * hidden * sizeof *rows);
    const int32_t apart = channels * shape->stride;
    int status = run_first(pool, row, channels, apart, shape->out_width, patch, rows, state->scratch);
    for (uint32_t i = oldest; i <= newest && status == 0; i++) {
        float *columns = state->columns + i % HIL_RNNPOOL_OVERLAP(patch, stride) * pitch;
        if (y == i * stride) {
            memset(columns, 0, width * hidden * sizeof *columns);
        }
        status = run_first(pool, row, 0, channels, width, 1, columns, state->scratch);
    }
    if (status != 0 || y != oldest * stride + patch - 1) {
        return status;
    }
    return finish(pool, state, state->columns + oldest % HIL_RNNPOOL_OVERLAP(patch, stride) * pitch,
                  map + oldest * shape->out_width * 4u * pool->second->hidden);
}
