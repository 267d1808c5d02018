#include "matrix_f32.h"

/* The rows of a block lie interleaved: for each column one weight per row. Adds one operand's products; returns what
 * lies behind. */
static const float *add(const float *weight, const float *x, uint32_t columns, uint32_t rows, float *sums)
{
    for (; columns != 0; columns--, x++) {
        for (uint32_t row = 0; row < rows; row++) {
            sums[row] += *weight++ * *x;
        }
    }
    return weight;
}

void hil_project_f32(const struct hil_matrix_f32 *matrix, const float *first, const float *second, float *out)
{
    const float *weight = matrix->weights;
    const uint32_t rows = matrix->rows;
    for (uint32_t row = 0; row < rows;) {
        const uint32_t left = rows - row;
        const uint32_t height = left >= 8 ? 8 : left >= 4 ? 4 : left >= 2 ? 2 : 1;
        float sums[8] = {0.0f};
        for (uint32_t i = 0; matrix->bias != NULL && i < height; i++) {
            sums[i] = matrix->bias[row + i];
        }
        weight = add(weight, first, matrix->columns, height, sums);
        weight = add(weight, second, matrix->columns2, height, sums);
        for (uint32_t i = 0; i < height; i++, row++) {
            out[row] = sums[i];
        }
    }
}
