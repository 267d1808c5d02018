/* Runs cascades on bags from stdin until it ends. A case is a uint32 kind and what its function below takes, in that
 * order. Each bag gives its output and then, as one element more, how often the margin was looked at: that is how
 * far the scan went. tests/support/cascade_cases.py makes the cases. */
#include <string.h>

#include "kernels/cascade_f32.h"
#include "kernels/cascade_fixed.h"
#include "kernels/cell_quant_fixed.h"
#include "kernels/cell_tail_f32.h"
#include "kernels/cell_tail_fixed.h"
#include "kernels/gates_f32.h"
#include "kernels/gates_fixed.h"
#include "taking.h"

enum kind { CASCADE = 1, CASCADE_F32, NULLS };

static const hil_gate_fixed gates[] = {
    hil_unit_fixed, hil_quant_tanh_fixed, hil_relu_fixed, hil_sigmoid_fixed, hil_tanh_fixed, NULL,
};
static const hil_gate_f32 gates_f32[] = {
    hil_quant_sigm_f32, hil_quant_sigm4_f32, hil_quant_tanh_f32, hil_relu_f32, hil_sigmoid_f32, hil_tanh_f32, NULL,
};
static const hil_tail_fixed tails[] = {
    hil_tail_fastgrnn, hil_tail_fastrnn, hil_tail_quant13, hil_tail_quant12, hil_tail_quant11,
};
static const hil_tail_f32 tails_f32[] = {hil_tail_fastgrnn_f32, hil_tail_fastrnn_f32};

struct cascade_header {
    uint32_t length, stride, check_every, consecutive, features, steps, bags;
    int32_t middle;
    int32_t gain, limit; /* in CASCADE_F32: floats, the scale and the limit */
};

struct cell_header {
    uint32_t hidden, tail, gate, update, gate_doublings, update_doublings, unit, shift;
    int32_t zeta, nu; /* in CASCADE_F32: floats */
};

static uint32_t looks;
static hil_project project;
static hil_project_float project_f32;

static void looked(const struct hil_matrix *matrix, const int16_t *first, const int16_t *second, int16_t *out)
{
    looks++;
    project(matrix, first, second, out);
}

static void looked_f32(const struct hil_matrix_f32 *matrix, const float *first, const float *second, float *out)
{
    looks++;
    project_f32(matrix, first, second, out);
}

static uint32_t rank(const struct hil_matrix *factor)
{
    return factor != NULL ? factor->rows : 0u;
}

static uint32_t rank_f32(const struct hil_matrix_f32 *factor)
{
    return factor != NULL ? factor->rows : 0u;
}

static uint32_t cell_scratch(const struct hil_cell_fixed *cell)
{
    return HIL_CELL_SCRATCH((uint32_t)cell->hidden, rank(cell->w1), rank(cell->u1), 1u);
}

static uint32_t cell_scratch_f32(const struct hil_cell_f32 *cell)
{
    return HIL_CELL_SCRATCH((uint32_t)cell->hidden, rank_f32(cell->w1), rank_f32(cell->u1), 1u);
}

static uint32_t larger(uint32_t one, uint32_t other)
{
    return one > other ? one : other;
}

static const struct hil_cell_fixed *taken_cell(void)
{
    const struct cell_header *s = taken(1, sizeof *s);
    struct hil_cell_fixed *kept = room(sizeof *kept);
    const struct hil_matrix *w1 = taken_matrix();
    const struct hil_matrix *u1 = taken_matrix();
    const struct hil_matrix *mix = taken_matrix();
    const int fused = tails[s->tail] != hil_tail_fastgrnn && tails[s->tail] != hil_tail_fastrnn;
    const uint32_t gate_biases = fused ? 2 * HIL_EVEN(s->hidden) : s->hidden;
    const int16_t *bias_gate = gates[s->gate] != NULL ? taken(gate_biases, sizeof *bias_gate) : NULL;
    const int16_t *bias_update = fused ? NULL : taken(s->hidden, sizeof *bias_update);
    const struct hil_cell_fixed cell = {
        .hidden = (uint16_t)s->hidden, .w1 = w1, .u1 = u1, .mix = mix, .tail = tails[s->tail],
        .bias_gate = bias_gate, .bias_update = bias_update, .gate = gates[s->gate], .update = gates[s->update],
        .gate_doublings = (uint8_t)s->gate_doublings, .update_doublings = (uint8_t)s->update_doublings,
        .unit = (uint8_t)s->unit, .shift = (uint8_t)s->shift, .zeta = (int16_t)s->zeta, .nu = (int16_t)s->nu,
    };
    *kept = cell;
    return kept;
}

static const struct hil_cell_f32 *taken_cell_f32(void)
{
    const struct cell_header *s = taken(1, sizeof *s);
    struct hil_cell_f32 *kept = room(sizeof *kept);
    const struct hil_matrix_f32 *w1 = taken_matrix_f32();
    const struct hil_matrix_f32 *u1 = taken_matrix_f32();
    const struct hil_matrix_f32 *mix = taken_matrix_f32();
    const float *bias_gate = gates_f32[s->gate] != NULL ? taken(s->hidden, sizeof *bias_gate) : NULL;
    const float *bias_update = taken(s->hidden, sizeof *bias_update);
    struct hil_cell_f32 cell = {
        .hidden = (uint16_t)s->hidden, .w1 = w1, .u1 = u1, .mix = mix, .tail = tails_f32[s->tail],
        .bias_gate = bias_gate, .bias_update = bias_update, .gate = gates_f32[s->gate],
        .update = gates_f32[s->update],
    };
    memcpy(&cell.zeta, &s->zeta, sizeof cell.zeta);
    memcpy(&cell.nu, &s->nu, sizeof cell.nu);
    *kept = cell;
    return kept;
}

static struct hil_scan scan_of(const struct cascade_header *s)
{
    const struct hil_scan scan = {
        .length = (uint16_t)s->length, .stride = (uint16_t)s->stride, .check_every = (uint16_t)s->check_every,
        .consecutive = (uint16_t)s->consecutive,
    };
    return scan;
}

/* Every second bag is normalised where its counts are, the others into samples of their own. */
static void cascade(void)
{
    const struct cascade_header *s = taken(1, sizeof *s);
    const struct hil_cell_fixed *lower = taken_cell();
    struct hil_matrix *margin = room(sizeof *margin);
    *margin = *taken_matrix();
    project = margin->project;
    margin->project = looked;
    const struct hil_cell_fixed *upper = taken_cell();
    const struct hil_matrix *classifier = taken_matrix();
    const struct hil_cascade_fixed c = {
        .scan = scan_of(s), .features = (uint16_t)s->features, .middle = (int16_t)s->middle,
        .gain = (int16_t)s->gain, .limit = (int16_t)s->limit, .lower = lower, .margin = margin, .upper = upper,
        .classifier = classifier, .clutter = taken(classifier->rows, sizeof(int16_t)),
    };
    const size_t elements = (size_t)s->steps * s->features;
    const size_t finals = (size_t)HIL_SCAN_INSTANCES(s->steps, s->length, s->stride) * lower->hidden;
    struct hil_cascade_fixed_scratch scratch = {
        .samples = NULL,
        .finals = room(finals * sizeof(int16_t)),
        .state = room(upper->hidden * sizeof(int16_t)),
        .cells = room(larger(cell_scratch(lower), cell_scratch(upper)) * sizeof(int16_t)),
    };
    int16_t *samples = room(elements * sizeof *samples);
    int16_t *output = room((classifier->rows + 1u) * sizeof *output);
    for (uint32_t bag = 0; bag < s->bags; bag++) {
        int16_t *counts = aligned_memory(elements * sizeof *counts);
        if (counts == NULL || fread(counts, sizeof *counts, elements, stdin) != elements) {
            exit(2);
        }
        scratch.samples = bag % 2 == 0 ? counts : samples;
        looks = 0;
        stack_use_begin();
        const int code = hil_cascade_fixed_run(&c, counts, s->steps, &scratch, output);
        stack_use_end("cascade_fixed_run");
        if (code != 0) {
            exit(5);
        }
        const int16_t looked_at = (int16_t)looks;
        give(output, classifier->rows + 1u, sizeof *output);
        give(&looked_at, 1, sizeof looked_at);
        free(counts);
    }
}

static void cascade_f32(void)
{
    const struct cascade_header *s = taken(1, sizeof *s);
    const struct hil_cell_f32 *lower = taken_cell_f32();
    struct hil_matrix_f32 *margin = room(sizeof *margin);
    *margin = *taken_matrix_f32();
    project_f32 = margin->project;
    margin->project = looked_f32;
    const struct hil_cell_f32 *upper = taken_cell_f32();
    const struct hil_matrix_f32 *classifier = taken_matrix_f32();
    struct hil_cascade_f32 c = {
        .scan = scan_of(s), .features = (uint16_t)s->features, .middle = (int16_t)s->middle, .lower = lower,
        .margin = margin, .upper = upper, .classifier = classifier,
        .clutter = taken(classifier->rows, sizeof(float)),
    };
    memcpy(&c.scale, &s->gain, sizeof c.scale);
    memcpy(&c.limit, &s->limit, sizeof c.limit);
    const size_t elements = (size_t)s->steps * s->features;
    const size_t finals = (size_t)HIL_SCAN_INSTANCES(s->steps, s->length, s->stride) * lower->hidden;
    const struct hil_cascade_f32_scratch scratch = {
        .samples = room(elements * sizeof(float)),
        .finals = room(finals * sizeof(float)),
        .state = room(upper->hidden * sizeof(float)),
        .cells = room(larger(cell_scratch_f32(lower), cell_scratch_f32(upper)) * sizeof(float)),
    };
    float *output = room((classifier->rows + 1u) * sizeof *output);
    for (uint32_t bag = 0; bag < s->bags; bag++) {
        int16_t *counts = take(elements, sizeof *counts);
        looks = 0;
        stack_use_begin();
        const int code = hil_cascade_f32_run(&c, counts, s->steps, &scratch, output);
        stack_use_end("cascade_f32_run");
        if (code != 0) {
            exit(5);
        }
        const float looked_at = (float)looks;
        give(output, classifier->rows + 1u, sizeof *output);
        give(&looked_at, 1, sizeof looked_at);
        free(counts);
    }
}

/* Every null pointer is refused: as many -1 as there are pointers. */
static void nulls(void)
{
    const struct hil_cascade_fixed c = {0};
    const struct hil_cascade_f32 f = {0};
    const struct hil_cascade_fixed_scratch scratch = {0};
    const struct hil_cascade_f32_scratch scratch_f32 = {0};
    const int16_t x[2] = {0};
    int16_t out[2];
    float out_f32[2];
    const int32_t codes[] = {
        hil_cascade_fixed_run(NULL, x, 1, &scratch, out), hil_cascade_fixed_run(&c, NULL, 1, &scratch, out),
        hil_cascade_fixed_run(&c, x, 1, NULL, out), hil_cascade_fixed_run(&c, x, 1, &scratch, NULL),
        hil_cascade_f32_run(NULL, x, 1, &scratch_f32, out_f32), hil_cascade_f32_run(&f, NULL, 1, &scratch_f32, out_f32),
        hil_cascade_f32_run(&f, x, 1, NULL, out_f32), hil_cascade_f32_run(&f, x, 1, &scratch_f32, NULL),
    };
    give(codes, sizeof codes / sizeof *codes, sizeof *codes);
}

int main(void)
{
    static void (*const cases[])(void) = {NULL, cascade, cascade_f32, nulls};
    uint32_t kind;
    while (fread(&kind, sizeof kind, 1, stdin) == 1) {
        if (kind < CASCADE || kind > NULLS) {
            return 6;
        }
        cases[kind]();
        release_all();
    }
    return 0;
}
