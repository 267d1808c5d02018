/* Dense matrices of 16-bit weights: see matrix_fixed.h. */
#ifndef HIL_MATRIX_Q15_H
#define HIL_MATRIX_Q15_H

#include "matrix_fixed.h"

void hil_project_q15(const struct hil_matrix *matrix, const int16_t *first, const int16_t *second, int16_t *out);

#endif
