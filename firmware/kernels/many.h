/* A dense matrix applied to several pairs of vectors in one call, as cells that advance in lock step need it.
 *
 * out[i] = matrix->project of vector i of the first operand and vector i of the second: `rows` elements each, one after
 * the other. Whatever the matrix is, the result is that of its own function; what fits the function's name is faster.
 */
#ifndef HIL_MANY_H
#define HIL_MANY_H

#include "matrix_fixed.h"

/* Vectors of both operands; distances from one to the next are in elements and may be negative or 0. */
struct hil_vectors {
    const int16_t *first;
    const int16_t *second;
    int32_t first_step;
    int32_t second_step;
    uint32_t count;
};

/* out must be aligned to 4 where the rows are a multiple of 4, and overlap neither operand. */
typedef void (*hil_many)(const struct hil_matrix *matrix, const struct hil_vectors *vectors, int16_t *out);

static inline void hil_one_by_one(const struct hil_matrix *matrix, const struct hil_vectors *vectors, int16_t *out)
{
    const int16_t *first = vectors->first;
    const int16_t *second = vectors->second;
    for (uint32_t left = vectors->count; left != 0; left--) {
        matrix->project(matrix, first, second, out);
        first += vectors->first_step;
        second += vectors->second_step;
        out += matrix->rows;
    }
}

#endif
