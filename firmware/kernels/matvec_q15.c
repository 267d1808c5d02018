#include "matvec_q15.h"

#include <stddef.h>

#include "q15.h"

/* Four rows at a time share each load of the vector. */
void hil_matvec_q15(const int16_t *matrix, const int16_t *vector, uint32_t rows, uint32_t columns, int32_t *out)
{
    uint32_t row = 0;
    for (; row + 4 <= rows; row += 4) {
        const int16_t *row0 = matrix + (size_t)row * columns;
        const int16_t *row1 = row0 + columns;
        const int16_t *row2 = row1 + columns;
        const int16_t *row3 = row2 + columns;
        int32_t sum0 = 0;
        int32_t sum1 = 0;
        int32_t sum2 = 0;
        int32_t sum3 = 0;
        for (uint32_t column = 0; column < columns; column++) {
            const int32_t x = vector[column];
            sum0 += row0[column] * x;
            sum1 += row1[column] * x;
            sum2 += row2[column] * x;
            sum3 += row3[column] * x;
        }
        out[row] = sum0;
        out[row + 1] = sum1;
        out[row + 2] = sum2;
        out[row + 3] = sum3;
    }
    for (; row < rows; row++) {
        const int16_t *weights = matrix + (size_t)row * columns;
        int32_t sum = 0;
        for (uint32_t column = 0; column < columns; column++) {
            sum += weights[column] * (int32_t)vector[column];
        }
        out[row] = sum;
    }
}

void hil_requantise_q15(const int32_t *sums, uint32_t shift, uint32_t count, int16_t *out)
{
    const int32_t half = hil_half_q15(shift);
    for (uint32_t i = 0; i < count; i++) {
        out[i] = hil_saturate_q15((sums[i] + half) >> shift);
    }
}
