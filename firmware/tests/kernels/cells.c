/* Runs matrices, gates and recurrent cells on cases from stdin until it ends. A case is a uint32 kind and what its
 * function below takes, in that order; the answer goes to stdout. tests/support/kernel_cases.py makes the cases. */
#include "taking_cells.h"

enum kind { MATRIX = 1, MATRIX_F32, GATE, GATE_F32, CELL, CELL_F32, NULLS };

/* A copy, or room for one, at an address that is a multiple of 2 but not of 4. */
static int16_t *displaced(const int16_t *from, size_t count)
{
    int16_t *memory = (int16_t *)room((count + 1) * sizeof *memory) + 1;
    if (from != NULL) {
        memcpy(memory, from, count * sizeof *memory);
    }
    return memory;
}

static void same(const int16_t *one, const int16_t *other, size_t count)
{
    if (memcmp(one, other, count * sizeof *one) != 0) {
        exit(8);
    }
}

/* Vectors one after the other, each the first operand and then the second. */
static void matrix(void)
{
    static const char *const names[] = {"project_q15", "project_q7", "project_sparse_q15", "project_sparse_q7"};
    static const hil_project projects[] = {hil_project_q15, hil_project_q7, hil_project_sparse_q15,
                                           hil_project_sparse_q7};
    const struct hil_matrix *m = taken_matrix();
    const uint32_t *vectors = taken(1, sizeof *vectors);
    const char *name = "";
    for (size_t i = 0; i < sizeof projects / sizeof *projects; i++) {
        name = m->project == projects[i] ? names[i] : name;
    }
    for (uint32_t vector = 0; vector < *vectors; vector++) {
        int16_t *first = take(m->columns, sizeof *first);
        int16_t *second = take(m->columns2, sizeof *second);
        int16_t *out = allocate(m->rows * sizeof *out);
        stack_use_begin();
        m->project(m, first, second, out);
        stack_use_end(name);
        int16_t *again = displaced(NULL, m->rows);
        m->project(m, displaced(first, m->columns), second != NULL ? displaced(second, m->columns2) : NULL, again);
        same(again, out, m->rows);
        give(out, m->rows, sizeof *out);
        free(out);
        free(second);
        free(first);
    }
}

static void matrix_f32(void)
{
    const struct hil_matrix_f32 *m = taken_matrix_f32();
    const uint32_t *vectors = taken(1, sizeof *vectors);
    for (uint32_t vector = 0; vector < *vectors; vector++) {
        float *first = take(m->columns, sizeof *first);
        float *second = take(m->columns2, sizeof *second);
        float *out = allocate(m->rows * sizeof *out);
        stack_use_begin();
        m->project(m, first, second, out);
        stack_use_end(m->places == NULL ? "project_f32" : "project_sparse_f32");
        give(out, m->rows, sizeof *out);
        free(out);
        free(second);
        free(first);
    }
}

/* Out of place, and then in place. */
static void gate(void)
{
    const uint32_t *header = taken(2, sizeof *header);
    const uint32_t count = header[1];
    int16_t *in = taken(count, sizeof *in);
    int16_t *out = hold(allocate(count * sizeof *out));
    stack_use_begin();
    gates[header[0]](in, count, out);
    stack_use_end("gate");
    give(out, count, sizeof *out);
    gates[header[0]](in, count, in);
    give(in, count, sizeof *in);
}

static void gate_f32(void)
{
    const uint32_t *header = taken(2, sizeof *header);
    const uint32_t count = header[1];
    float *sums = taken(count, sizeof *sums);
    const float *bias = taken(count, sizeof *bias);
    float *out = hold(allocate(count * sizeof *out));
    stack_use_begin();
    gates_f32[header[0]](sums, bias, count, out);
    stack_use_end("gate_f32");
    give(out, count, sizeof *out);
    gates_f32[header[0]](sums, bias, count, sums);
    give(sums, count, sizeof *sums);
}

/* Sequences lie in a map; a walk starts at element `start`. Without walks the map holds one sequence, all of it. */
struct walk {
    int32_t step, sequence;
    uint32_t sequences, start;
};

struct walks_header {
    uint32_t steps, map, walks, sequences; /* sequences: of all walks, or 1 */
};

static struct hil_walk *taken_walks(const struct walks_header *s, uint32_t *starts)
{
    const struct walk *told = taken(s->walks, sizeof *told);
    struct hil_walk *walks = room(s->walks * sizeof *walks);
    for (uint32_t i = 0; i < s->walks; i++) {
        walks[i] = (struct hil_walk){told[i].step, told[i].sequence, (uint16_t)told[i].sequences};
        starts[i] = told[i].start;
    }
    return walks;
}

static void cell(void)
{
    const struct walks_header *s = taken(1, sizeof *s);
    const struct hil_cell_fixed *c = taken_cell();
    const uint32_t hidden = c->hidden;
    const size_t scratch_size = cell_scratch(c, s->sequences);
    int16_t *scratch = room(scratch_size * sizeof *scratch);
    uint32_t *starts = room(s->walks * sizeof *starts);
    const struct hil_walk *walks = taken_walks(s, starts);
    const int16_t *map = taken(s->map, sizeof *map);
    int code;
    int16_t *states;
    if (s->walks == 0) {
        states = taken(hidden, sizeof *states);
        int16_t *again = displaced(states, hidden);
        code = hil_cell_fixed_run(c, displaced(map, s->map), s->steps, again, scratch);
        stack_use_begin();
        code |= hil_cell_fixed_run(c, map, s->steps, states, scratch);
        stack_use_end("cell_fixed_run");
        same(again, states, hidden);
    } else {
        states = taken_aligned((size_t)hidden * s->sequences, sizeof *states);
        const int16_t **inputs = room(s->walks * sizeof *inputs);
        for (uint32_t i = 0; i < s->walks; i++) {
            inputs[i] = map + starts[i];
        }
        stack_use_begin();
        code = hil_cell_fixed_run_many(c, walks, inputs, s->walks, s->steps, states, scratch);
        stack_use_end("cell_fixed_run_many");
    }
    if (code != 0) {
        exit(5);
    }
    give(states, (size_t)hidden * s->sequences, sizeof *states);
}

static void cell_f32(void)
{
    const struct walks_header *s = taken(1, sizeof *s);
    const struct hil_cell_f32 *c = taken_cell_f32();
    const uint32_t hidden = c->hidden;
    const size_t scratch_size = cell_scratch_f32(c, s->sequences);
    float *scratch = room(scratch_size * sizeof *scratch);
    uint32_t *starts = room(s->walks * sizeof *starts);
    const struct hil_walk *walks = taken_walks(s, starts);
    const float *map = taken(s->map, sizeof *map);
    float *states = taken((size_t)hidden * s->sequences, sizeof *states);
    int code;
    if (s->walks == 0) {
        stack_use_begin();
        code = hil_cell_f32_run(c, map, s->steps, states, scratch);
        stack_use_end("cell_f32_run");
    } else {
        const float **inputs = room(s->walks * sizeof *inputs);
        for (uint32_t i = 0; i < s->walks; i++) {
            inputs[i] = map + starts[i];
        }
        stack_use_begin();
        code = hil_cell_f32_run_many(c, walks, inputs, s->walks, s->steps, states, scratch);
        stack_use_end("cell_f32_run_many");
    }
    if (code != 0) {
        exit(5);
    }
    give(states, (size_t)hidden * s->sequences, sizeof *states);
}

/* Every null pointer is refused: as many -1 as there are pointers. */
static void nulls(void)
{
    const struct hil_cell_fixed c = {0};
    const struct hil_cell_f32 f = {0};
    const struct hil_walk walk = {0};
    const int16_t *inputs[1] = {NULL};
    const float *inputs_f32[1] = {NULL};
    int16_t x[2] = {0};
    float y[2] = {0};
    const int32_t codes[] = {
        hil_cell_fixed_run(NULL, x, 1, x, x),
        hil_cell_fixed_run(&c, NULL, 1, x, x),
        hil_cell_fixed_run(&c, x, 1, NULL, x),
        hil_cell_fixed_run(&c, x, 1, x, NULL),
        hil_cell_fixed_run_many(NULL, &walk, inputs, 1, 1, x, x),
        hil_cell_fixed_run_many(&c, NULL, inputs, 1, 1, x, x),
        hil_cell_fixed_run_many(&c, &walk, NULL, 1, 1, x, x),
        hil_cell_fixed_run_many(&c, &walk, inputs, 1, 1, NULL, x),
        hil_cell_fixed_run_many(&c, &walk, inputs, 1, 1, x, NULL),
        hil_cell_f32_run(NULL, y, 1, y, y),
        hil_cell_f32_run(&f, NULL, 1, y, y),
        hil_cell_f32_run(&f, y, 1, NULL, y),
        hil_cell_f32_run(&f, y, 1, y, NULL),
        hil_cell_f32_run_many(NULL, &walk, inputs_f32, 1, 1, y, y),
        hil_cell_f32_run_many(&f, NULL, inputs_f32, 1, 1, y, y),
        hil_cell_f32_run_many(&f, &walk, NULL, 1, 1, y, y),
        hil_cell_f32_run_many(&f, &walk, inputs_f32, 1, 1, NULL, y),
        hil_cell_f32_run_many(&f, &walk, inputs_f32, 1, 1, y, NULL),
    };
    give(codes, sizeof codes / sizeof *codes, sizeof *codes);
}

int main(void)
{
    static void (*const cases[])(void) = {NULL, matrix, matrix_f32, gate, gate_f32, cell, cell_f32, nulls};
    uint32_t kind;
    while (fread(&kind, sizeof kind, 1, stdin) == 1) {
        if (kind < MATRIX || kind > NULLS) {
            return 6;
        }
        cases[kind]();
        release_all();
    }
    return 0;
}
