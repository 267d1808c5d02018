#include "sparse_f32.h"

void hil_project_sparse_f32(const struct hil_matrix_f32 *matrix, const float *first, const float *second, float *out)
{
    const uint8_t *place = matrix->places;
    const float *weight = matrix->weights;
    const uint32_t operands = matrix->columns2 != 0 ? 2 : 1;
    const uint32_t rows = matrix->rows;
    for (uint32_t row = 0; row < rows; row++) {
        float sum = matrix->bias != NULL ? matrix->bias[row] : 0.0f;
        for (uint32_t operand = 0; operand < operands; operand++) {
            const float *x = operand == 0 ? first : second;
            for (uint32_t stored = *place++; stored != 0; stored--) {
                sum += *weight++ * x[*place++];
            }
        }
        out[row] = sum;
    }
}
