#include "matrix_q15.h"

#include "fixed.h"

/* The rows of a block lie interleaved: for each pair of columns the pairs of all rows, then for an odd last column one
 * weight per row, and a zero where there is but one row. Adds one operand's products; returns what lies behind. */
static const int16_t *add(const int16_t *weight, const int16_t *x, uint32_t columns, uint32_t rows, int32_t *sums)
{
    for (; columns >= 2; columns -= 2, x += 2) {
        for (uint32_t row = 0; row < rows; row++, weight += 2) {
            sums[row] += weight[0] * x[0] + weight[1] * x[1];
        }
    }
    if (columns != 0) {
        for (uint32_t row = 0; row < rows; row++) {
            sums[row] += *weight++ * *x;
        }
        weight += rows & 1;
    }
    return weight;
}

void hil_project_q15(const struct hil_matrix *matrix, const int16_t *first, const int16_t *second, int16_t *out)
{
    const int16_t *weight = matrix->weights;
    const uint32_t rows = matrix->rows;
    for (uint32_t row = 0; row < rows;) {
        const uint32_t left = rows - row;
        const uint32_t height = left >= 4 ? 4 : left >= 2 ? 2 : 1;
        int32_t sums[4] = {0};
        for (uint32_t i = 0; matrix->bias != NULL && i < height; i++) {
            sums[i] = matrix->bias[row + i];
        }
        weight = add(weight, first, matrix->columns, height, sums);
        weight = add(weight, second, matrix->columns2, height, sums);
        for (uint32_t i = 0; i < height; i++, row++) {
            out[row] = hil_requantise(sums[i], matrix->multipliers != NULL ? matrix->multipliers[row] : matrix->multiplier);
        }
    }
}
