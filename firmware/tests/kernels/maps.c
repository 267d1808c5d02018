/* Runs convolution, pooling and RNNPool on cases from stdin until it ends. A case is a uint32 kind and what its function
 * below takes, in that order; the answer goes to stdout. tests/support/map_cases.py makes the cases. */
#include <string.h>

#include "kernels/conv_f32.h"
#include "kernels/conv_fixed.h"
#include "kernels/depthwise_f32.h"
#include "kernels/depthwise_fixed.h"
#include "kernels/many_q15.h"
#include "kernels/many_q7.h"
#include "kernels/pool_f32.h"
#include "kernels/pool_fixed.h"
#include "kernels/rnnpool_f32.h"
#include "kernels/rnnpool_fixed.h"
#include "taking_cells.h"

enum kind {
    CONV = 1, CONV_F32, DEPTHWISE, DEPTHWISE_F32, MAX, MAX_F32, AVERAGE, AVERAGE_F32, RNNPOOL, RNNPOOL_F32
};

static struct hil_window taken_window(void)
{
    const uint32_t *told = taken(8, sizeof *told);
    const struct hil_window window = {
        .height = (uint16_t)told[0],
        .width = (uint16_t)told[1],
        .channels = (uint16_t)told[2],
        .out_height = (uint16_t)told[3],
        .out_width = (uint16_t)told[4],
        .kernel = (uint8_t)told[5],
        .stride = (uint8_t)told[6],
        .pad = (uint8_t)told[7],
    };
    return window;
}

static size_t elements(const struct hil_window *window)
{
    return (size_t)window->height * window->width * window->channels;
}

static size_t pixels(const struct hil_window *window)
{
    return (size_t)window->out_height * window->out_width;
}

/* What a layer's output is clipped to, or whether it has a ReLU. */
struct conv_header {
    uint32_t bytes; /* whether the map is of bytes */
    uint32_t in_place;
    int32_t mean; /* in CONV_F32 these three are floats */
    int32_t low;  /* in CONV: whether there is a ReLU */
    int32_t high;
};

static void conv(void)
{
    const struct hil_window window = taken_window();
    const struct conv_header *s = taken(1, sizeof *s);
    const struct hil_matrix *matrix = taken_matrix();
    const void *map = taken(elements(&window), s->bytes ? 1 : sizeof(int16_t));
    const struct hil_conv_fixed layer = {
        .window = window,
        .matrix = matrix,
        .gather = s->in_place ? NULL : s->bytes ? hil_gather_u8_fixed : hil_gather_fixed,
        .mean = (int16_t)s->mean,
        .relu = s->low != 0,
    };
    const size_t count = pixels(&window) * matrix->rows;
    int16_t *out = hold(allocate(count * sizeof *out));
    int16_t *patch = s->in_place ? NULL : room(matrix->columns * sizeof *patch);
    stack_use_begin();
    hil_conv_fixed_run(&layer, map, out, patch);
    stack_use_end(s->bytes ? "conv_fixed of bytes" : "conv_fixed");
    give(out, count, sizeof *out);
}

static void conv_f32(void)
{
    const struct hil_window window = taken_window();
    const struct conv_header *s = taken(1, sizeof *s);
    const struct hil_matrix_f32 *matrix = taken_matrix_f32();
    const void *map = taken(elements(&window), s->bytes ? 1 : sizeof(float));
    struct hil_conv_f32 layer = {
        .window = window,
        .matrix = matrix,
        .gather = s->in_place ? NULL : s->bytes ? hil_gather_u8_f32 : hil_gather_f32,
    };
    memcpy(&layer.mean, &s->mean, sizeof layer.mean);
    memcpy(&layer.low, &s->low, sizeof layer.low);
    memcpy(&layer.high, &s->high, sizeof layer.high);
    const size_t count = pixels(&window) * matrix->rows;
    float *out = hold(allocate(count * sizeof *out));
    float *patch = s->in_place ? NULL : hold(allocate(matrix->columns * sizeof *patch));
    stack_use_begin();
    hil_conv_f32_run(&layer, map, out, patch);
    stack_use_end(s->bytes ? "conv_f32 of bytes" : "conv_f32");
    give(out, count, sizeof *out);
}

static void depthwise(void)
{
    const struct hil_window window = taken_window();
    const uint32_t *header = taken(2, sizeof *header); /* bytes of a weight, whether there is a ReLU */
    const size_t taps = (size_t)window.kernel * window.kernel;
    const int32_t *multipliers = taken(window.channels, sizeof *multipliers);
    const int32_t *bias = taken(window.channels, sizeof *bias);
    const void *weights = taken_aligned(taps * window.channels, header[0]);
    const int16_t *map = taken(elements(&window), sizeof *map);
    const struct hil_depthwise_fixed layer = {
        .window = window,
        .multipliers = multipliers,
        .bias = bias,
        .weights = weights,
        .pixel = header[0] == sizeof(int16_t) ? hil_depthwise_q15 : hil_depthwise_q7,
        .relu = header[1] != 0,
    };
    const size_t count = pixels(&window) * window.channels;
    int16_t *out = hold(allocate(count * sizeof *out));
    stack_use_begin();
    hil_depthwise_fixed_run(&layer, map, out);
    stack_use_end(header[0] == sizeof(int16_t) ? "depthwise_q15" : "depthwise_q7");
    give(out, count, sizeof *out);
}

static void depthwise_f32(void)
{
    const struct hil_window window = taken_window();
    const float *limits = taken(2, sizeof *limits);
    const size_t taps = (size_t)window.kernel * window.kernel;
    const float *bias = taken(window.channels, sizeof *bias);
    const float *weights = taken(taps * window.channels, sizeof *weights);
    const float *map = taken(elements(&window), sizeof *map);
    const struct hil_depthwise_f32 layer = {
        .window = window, .bias = bias, .weights = weights, .low = limits[0], .high = limits[1],
    };
    const size_t count = pixels(&window) * window.channels;
    float *out = hold(allocate(count * sizeof *out));
    stack_use_begin();
    hil_depthwise_f32_run(&layer, map, out);
    stack_use_end("depthwise_f32");
    give(out, count, sizeof *out);
}

static void largest(void)
{
    const struct hil_window window = taken_window();
    const int16_t *map = taken(elements(&window), sizeof *map);
    const size_t count = pixels(&window) * window.channels;
    int16_t *out = hold(allocate(count * sizeof *out));
    stack_use_begin();
    hil_max_fixed(&window, map, out);
    stack_use_end("max_fixed");
    give(out, count, sizeof *out);
}

static void largest_f32(void)
{
    const struct hil_window window = taken_window();
    const float *map = taken(elements(&window), sizeof *map);
    const size_t count = pixels(&window) * window.channels;
    float *out = hold(allocate(count * sizeof *out));
    stack_use_begin();
    hil_max_f32(&window, map, out);
    stack_use_end("max_f32");
    give(out, count, sizeof *out);
}

static void average(void)
{
    const uint32_t *header = taken(3, sizeof *header); /* pixels, channels, multiplier */
    const int16_t *map = taken((size_t)header[0] * header[1], sizeof *map);
    int16_t *out = hold(allocate(header[1] * sizeof *out));
    stack_use_begin();
    hil_average_fixed(map, header[0], header[1], (int32_t)header[2], out);
    stack_use_end("average_fixed");
    give(out, header[1], sizeof *out);
}

static void average_f32(void)
{
    const uint32_t *header = taken(2, sizeof *header); /* pixels, channels */
    const float *scale = taken(1, sizeof *scale);
    const float *map = taken((size_t)header[0] * header[1], sizeof *map);
    float *out = hold(allocate(header[1] * sizeof *out));
    stack_use_begin();
    hil_average_f32(map, header[0], header[1], *scale, out);
    stack_use_end("average_f32");
    give(out, header[1], sizeof *out);
}

struct pool_header {
    uint32_t height, width, channels; /* of the map, its padding included */
    uint32_t out_height, out_width, patch, stride;
};

static struct hil_rnnpool_shape pool_shape(const struct pool_header *s)
{
    const struct hil_rnnpool_shape shape = {
        .channels = (uint16_t)s->channels,
        .out_height = (uint16_t)s->out_height,
        .out_width = (uint16_t)s->out_width,
        .patch = (uint8_t)s->patch,
        .stride = (uint8_t)s->stride,
    };
    return shape;
}

static size_t scratch_of_first(size_t hidden, size_t rank_w, size_t rank_u)
{
    return (size_t)HIL_CELL_SCRATCH(hidden, rank_w, rank_u, HIL_RNNPOOL_SEQUENCES);
}

static size_t scratch_of_second(size_t hidden, size_t rank_w, size_t rank_u, size_t patches)
{
    return (size_t)HIL_RNNPOOL_SCRATCH(hidden, rank_w, rank_u, patches);
}

/* Patch by patch, and then row by row. */
static void rnnpool(void)
{
    const struct pool_header *s = taken(1, sizeof *s);
    const struct hil_cell_fixed *first = taken_cell();
    const struct hil_cell_fixed *second = taken_cell();
    const struct hil_rnnpool_fixed pool = {
        .shape = pool_shape(s), .first = first, .second = second,
        .many = first->mix->project == hil_project_q7 ? hil_many_q7 : hil_many_q15,
    };
    const size_t pitch = (size_t)s->width * s->channels;
    const int16_t *map = taken(s->height * pitch, sizeof *map);
    const size_t values = 4u * second->hidden;
    const size_t count = (size_t)s->out_height * s->out_width * values;
    const struct hil_cell_fixed *cells[] = {first, second};
    size_t most[2] = {0}; /* scratch of either way */
    for (size_t i = 0; i < 2; i++) {
        const struct hil_cell_fixed *c = cells[i];
        const size_t rank_w = c->w1 != NULL ? c->w1->rows : 0;
        const size_t rank_u = c->u1 != NULL ? c->u1->rows : 0;
        for (size_t way = 0; way < 2; way++) {
            const size_t needed = i == 0 ? scratch_of_first(c->hidden, rank_w, rank_u)
                                         : scratch_of_second(c->hidden, rank_w, rank_u, way == 0 ? 1 : HIL_RNNPOOL_PATCHES);
            most[way] = needed > most[way] ? needed : most[way];
        }
    }
    int16_t *out = room(count * sizeof *out);
    int16_t *states = room(2 * HIL_RNNPOOL_PITCH((size_t)s->patch * first->hidden) * sizeof *states);
    int16_t *scratch = room(most[0] * sizeof *scratch);
    for (uint32_t y = 0; y < s->out_height; y++) {
        for (uint32_t x = 0; x < s->out_width; x++) {
            const int16_t *from = map + y * s->stride * pitch + x * s->stride * s->channels;
            int16_t *to = out + (y * s->out_width + x) * values;
            stack_use_begin();
            const int code = hil_rnnpool_fixed_patch(&pool, from, (uint32_t)pitch, states, scratch, to);
            stack_use_end("rnnpool_fixed_patch");
            if (code != 0) {
                exit(5);
            }
        }
    }
    give(out, count, sizeof *out);
    const size_t rows = (size_t)HIL_RNNPOOL_ROWS(s->out_width, s->patch, first->hidden);
    const size_t columns = (size_t)HIL_RNNPOOL_COLUMNS(s->out_width, s->patch, s->stride, first->hidden);
    const struct hil_rnnpool_fixed_state state = {
        .rows = room(rows * sizeof *out), .columns = room(columns * sizeof *out), .scratch = room(most[1] * sizeof *out),
    };
    memset(out, 0x55, count * sizeof *out);
    for (uint32_t y = 0; y < s->height; y++) {
        stack_use_begin();
        const int code = hil_rnnpool_fixed_push(&pool, &state, y, map + y * pitch, out);
        stack_use_end("rnnpool_fixed_push");
        if (code != 0) {
            exit(5);
        }
    }
    give(out, count, sizeof *out);
}

/* The same in float32. */
static void rnnpool_f32(void)
{
    const struct pool_header *s = taken(1, sizeof *s);
    const struct hil_cell_f32 *first = taken_cell_f32();
    const struct hil_cell_f32 *second = taken_cell_f32();
    const struct hil_rnnpool_f32 pool = {.shape = pool_shape(s), .first = first, .second = second};
    const size_t pitch = (size_t)s->width * s->channels;
    const float *map = taken(s->height * pitch, sizeof *map);
    const size_t values = 4u * second->hidden;
    const size_t count = (size_t)s->out_height * s->out_width * values;
    const struct hil_cell_f32 *cells[] = {first, second};
    size_t most[2] = {0}; /* scratch of either way */
    for (size_t i = 0; i < 2; i++) {
        const struct hil_cell_f32 *c = cells[i];
        const size_t rank_w = c->w1 != NULL ? c->w1->rows : 0;
        const size_t rank_u = c->u1 != NULL ? c->u1->rows : 0;
        for (size_t way = 0; way < 2; way++) {
            const size_t needed = i == 0 ? scratch_of_first(c->hidden, rank_w, rank_u)
                                         : scratch_of_second(c->hidden, rank_w, rank_u, way == 0 ? 1 : HIL_RNNPOOL_PATCHES);
            most[way] = needed > most[way] ? needed : most[way];
        }
    }
    float *out = room(count * sizeof *out);
    float *states = room(2 * HIL_RNNPOOL_PITCH((size_t)s->patch * first->hidden) * sizeof *states);
    float *scratch = room(most[0] * sizeof *scratch);
    for (uint32_t y = 0; y < s->out_height; y++) {
        for (uint32_t x = 0; x < s->out_width; x++) {
            const float *from = map + y * s->stride * pitch + x * s->stride * s->channels;
            float *to = out + (y * s->out_width + x) * values;
            stack_use_begin();
            const int code = hil_rnnpool_f32_patch(&pool, from, (uint32_t)pitch, states, scratch, to);
            stack_use_end("rnnpool_f32_patch");
            if (code != 0) {
                exit(5);
            }
        }
    }
    give(out, count, sizeof *out);
    const size_t rows = (size_t)HIL_RNNPOOL_ROWS(s->out_width, s->patch, first->hidden);
    const size_t columns = (size_t)HIL_RNNPOOL_COLUMNS(s->out_width, s->patch, s->stride, first->hidden);
    const struct hil_rnnpool_f32_state state = {
        .rows = room(rows * sizeof *out), .columns = room(columns * sizeof *out), .scratch = room(most[1] * sizeof *out),
    };
    memset(out, 0x55, count * sizeof *out);
    for (uint32_t y = 0; y < s->height; y++) {
        stack_use_begin();
        const int code = hil_rnnpool_f32_push(&pool, &state, y, map + y * pitch, out);
        stack_use_end("rnnpool_f32_push");
        if (code != 0) {
            exit(5);
        }
    }
    give(out, count, sizeof *out);
}

int main(void)
{
    static void (*const cases[])(void) = {
        NULL, conv, conv_f32, depthwise, depthwise_f32, largest, largest_f32, average, average_f32, rnnpool, rnnpool_f32,
    };
    uint32_t kind;
    while (fread(&kind, sizeof kind, 1, stdin) == 1) {
        if (kind < CONV || kind > RNNPOOL_F32) {
            return 6;
        }
        cases[kind]();
        release_all();
    }
    return 0;
}
