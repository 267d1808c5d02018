#include "matvec_f32.h"

#include <stddef.h>

/* Four rows at a time share each load of the vector. */
void hil_matvec_f32(const float *matrix, const float *vector, uint32_t rows, uint32_t columns, float *out)
{
    uint32_t row = 0;
    for (; row + 4 <= rows; row += 4) {
        const float *row0 = matrix + (size_t)row * columns;
        const float *row1 = row0 + columns;
        const float *row2 = row1 + columns;
        const float *row3 = row2 + columns;
        float sum0 = 0.0f;
        float sum1 = 0.0f;
        float sum2 = 0.0f;
        float sum3 = 0.0f;
        for (uint32_t column = 0; column < columns; column++) {
            const float x = vector[column];
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
        const float *weights = matrix + (size_t)row * columns;
        float sum = 0.0f;
        for (uint32_t column = 0; column < columns; column++) {
            sum += weights[column] * vector[column];
        }
        out[row] = sum;
    }
}
