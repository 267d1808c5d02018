/* Runs cascades on bags from stdin until it ends. A case is a uint32 kind and what its function below takes, in that
 * order. Each bag gives its output and then, as one element more, how often the margin was looked at: that is how
 * far the scan went. tests/support/cascade_cases.py makes the cases. */
#include <string.h>

#include "kernels/cascade_f32.h"
#include "kernels/cascade_fixed.h"
#include "taking_cells.h"

enum kind { CASCADE = 1, CASCADE_F32, NULLS };

struct cascade_header {
    uint32_t length, stride, check_every, consecutive, features, steps, bags;
    int32_t middle;
    int32_t gain, limit; /* in CASCADE_F32: floats, the scale and the limit */
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

static size_t larger(size_t one, size_t other)
{
    return one > other ? one : other;
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
        .cells = room(larger(cell_scratch(lower, 1), cell_scratch(upper, 1)) * sizeof(int16_t)),
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
        .cells = room(larger(cell_scratch_f32(lower, 1), cell_scratch_f32(upper, 1)) * sizeof(float)),
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
