#include "sparse_q7.h"

#include "fixed.h"

void hil_project_sparse_q7(const struct hil_matrix *matrix, const int16_t *first, const int16_t *second, int16_t *out)
{
    const uint8_t *place = matrix->places;
    const int8_t *weight = matrix->weights;
    const uint32_t operands = matrix->columns2 != 0 ? 2 : 1;
    const uint32_t rows = matrix->rows;
    for (uint32_t row = 0; row < rows; row++) {
        int32_t sum = matrix->bias != NULL ? matrix->bias[row] : 0;
        for (uint32_t operand = 0; operand < operands; operand++) {
            const int16_t *x = operand == 0 ? first : second;
            for (uint32_t stored = *place++; stored != 0; stored--) {
                sum += *weight++ * x[*place++];
            }
        }
        out[row] = hil_requantise(sum, matrix->multipliers != NULL ? matrix->multipliers[row] : matrix->multiplier);
    }
}
