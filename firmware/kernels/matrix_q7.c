#include "matrix_q7.h"

#include "fixed.h"

/* The rows of a block lie interleaved: for each four columns a, b, c, d the bytes a, c, b, d of all rows (SXTB16 takes
 * every other byte), then for each remaining column one byte per row, filled with zeros to a whole number of words.
 * Adds one operand's products; returns what lies behind. */
static const int8_t *add(const int8_t *weight, const int16_t *x, uint32_t columns, uint32_t rows, int32_t *sums)
{
    for (; columns >= 4; columns -= 4, x += 4) {
        for (uint32_t row = 0; row < rows; row++, weight += 4) {
            sums[row] += weight[0] * x[0] + weight[2] * x[1] + weight[1] * x[2] + weight[3] * x[3];
        }
    }
    const uint32_t padding = (4 - columns * rows % 4) % 4;
    for (; columns != 0; columns--, x++) {
        for (uint32_t row = 0; row < rows; row++) {
            sums[row] += *weight++ * *x;
        }
    }
    return weight + padding;
}

void hil_project_q7(const struct hil_matrix *matrix, const int16_t *first, const int16_t *second, int16_t *out)
{
    const int8_t *weight = matrix->weights;
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
