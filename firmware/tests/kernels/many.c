/* Runs matrices on several pairs of vectors at once, on cases from stdin until it ends. A case is a uint32 kind and what
 * its function below takes, in that order; the answer goes to stdout. tests/support/many_cases.py makes the cases. */
#include "kernels/many_f32.h"
#include "kernels/many_q15.h"
#include "kernels/many_q7.h"
#include "taking.h"

enum kind { MANY = 1, MANY_F32 };

/* Both operands' vectors lie in one array each. */
struct many_header {
    uint32_t many, count;
    uint32_t elements, start; /* of the first operand: its array, and where in it the first vector lies */
    int32_t step;
    uint32_t elements2, start2;
    int32_t step2;
};

static void many(void)
{
    static const hil_many kernels[] = {hil_many_q15, hil_many_q7, hil_one_by_one};
    static const char *const names[] = {"many_q15", "many_q7", "one_by_one"};
    const struct hil_matrix *matrix = taken_matrix();
    const struct many_header *s = taken(1, sizeof *s);
    const int16_t *first = taken(s->elements, sizeof *first);
    const int16_t *second = taken(s->elements2, sizeof *second);
    const size_t outputs = (size_t)s->count * matrix->rows;
    const struct hil_vectors vectors = {
        .first = first + s->start,
        .second = second != NULL ? second + s->start2 : NULL,
        .first_step = s->step,
        .second_step = s->step2,
        .count = s->count,
    };
    int16_t *out = room(outputs * sizeof *out);
    stack_use_begin();
    kernels[s->many](matrix, &vectors, out);
    stack_use_end(names[s->many]);
    give(out, outputs, sizeof *out);
}

static void many_f32(void)
{
    const struct hil_matrix_f32 *matrix = taken_matrix_f32();
    const struct many_header *s = taken(1, sizeof *s);
    const float *first = taken(s->elements, sizeof *first);
    const float *second = taken(s->elements2, sizeof *second);
    const size_t outputs = (size_t)s->count * matrix->rows;
    const struct hil_vectors_f32 vectors = {
        .first = first + s->start,
        .second = second != NULL ? second + s->start2 : NULL,
        .first_step = s->step,
        .second_step = s->step2,
        .count = s->count,
    };
    float *out = room(outputs * sizeof *out);
    stack_use_begin();
    hil_many_f32(matrix, &vectors, out);
    stack_use_end("many_f32");
    give(out, outputs, sizeof *out);
}

int main(void)
{
    uint32_t kind;
    while (fread(&kind, sizeof kind, 1, stdin) == 1) {
        switch (kind) {
        case MANY:
            many();
            break;
        case MANY_F32:
            many_f32();
            break;
        default:
            return 6;
        }
        release_all();
    }
    return 0;
}
