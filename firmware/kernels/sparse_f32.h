/* Sparse matrices of float32 weights: see matrix_f32.h, and sparse_q15.h for the order of places and weights. */
#ifndef HIL_SPARSE_F32_H
#define HIL_SPARSE_F32_H

#include "matrix_f32.h"

void hil_project_sparse_f32(const struct hil_matrix_f32 *matrix, const float *first, const float *second, float *out);

#endif
