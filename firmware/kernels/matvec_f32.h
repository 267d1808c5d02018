/* out = matrix vector, in float32. */
#ifndef HIL_MATVEC_F32_H
#define HIL_MATVEC_F32_H

#include <stdint.h>

/* matrix: rows x columns, row-major; out must not overlap vector. Each row is summed from column 0 upwards. */
void hil_matvec_f32(const float *matrix, const float *vector, uint32_t rows, uint32_t columns, float *out);

#endif
