/* A dense matrix applied to several pairs of vectors in one call, in float32, as cells that advance in lock step need it.
 *
 * out[i] = matrix->project of vector i of the first operand and vector i of the second: `rows` elements each, one after
 * the other. Whatever the matrix is, the result is that of its own function.
 */
#ifndef HIL_MANY_F32_H
#define HIL_MANY_F32_H

#include "matrix_f32.h"

/* Vectors of both operands; distances from one to the next are in elements and may be negative or 0. */
struct hil_vectors_f32 {
    const float *first;
    const float *second;
    int32_t first_step;
    int32_t second_step;
    uint32_t count;
};

/* out must overlap neither operand. */
void hil_many_f32(const struct hil_matrix_f32 *matrix, const struct hil_vectors_f32 *vectors, float *out);

static inline void hil_one_by_one_f32(const struct hil_matrix_f32 *matrix, const struct hil_vectors_f32 *vectors, float *out)
{
    const float *first = vectors->first;
    const float *second = vectors->second;
    for (uint32_t left = vectors->count; left != 0; left--) {
        matrix->project(matrix, first, second, out);
        first += vectors->first_step;
        second += vectors->second_step;
        out += matrix->rows;
    }
}

#endif
