/* Sparse matrices of 16-bit weights: see matrix_fixed.h.
 *
 * Row by row, and within a row operand by operand, `places` holds the number of stored weights and then, for each, its
 * column; `weights` holds the weights in the same order. So an operand has at most 256 columns. */
#ifndef HIL_SPARSE_Q15_H
#define HIL_SPARSE_Q15_H

#include "matrix_fixed.h"

void hil_project_sparse_q15(const struct hil_matrix *matrix, const int16_t *first, const int16_t *second, int16_t *out);

#endif
