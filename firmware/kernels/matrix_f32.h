/* A matrix of float32 weights and how it is applied, dense or sparse.
 *
 *   out[r] = bias[r] + sum over columns of weights[r][c] x[c]
 *
 * x is `first` (columns elements) followed by `second` (columns2 elements): two operands, so that neither has to be
 * copied beside the other. The plain kernels sum from column 0 upwards and round after each product and each sum; those
 * for the Cortex-M4 fuse both (VFMA): the two agree within the tolerance of float32, not to the bit.
 */
#ifndef HIL_MATRIX_F32_H
#define HIL_MATRIX_F32_H

#include <stddef.h>
#include <stdint.h>

struct hil_matrix_f32;

/* out must overlap neither operand. second may be NULL without columns2. */
typedef void (*hil_project_float)(const struct hil_matrix_f32 *matrix, const float *first, const float *second,
                                  float *out);

struct hil_matrix_f32 {
    uint16_t rows;
    uint16_t columns;
    uint16_t columns2;         /* 0: no second operand */
    const float *bias;         /* what each sum starts from, or NULL */
    const float *weights;      /* in the order that hil/models/pack.py gives them */
    const uint8_t *places;       /* sparse storage as in sparse_q15.h, or NULL */
    hil_project_float project; /* hil_project_f32, or hil_project_sparse_f32 of sparse_f32.h */
};

void hil_project_f32(const struct hil_matrix_f32 *matrix, const float *first, const float *second, float *out);

#endif
