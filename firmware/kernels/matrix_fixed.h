/* A matrix of fixed-point weights and how it is applied, whatever its weights' width and storage.
 *
 *   out[r] = requantise(bias[r] + sum over columns of weights[r][c] x[c], multiplier)
 *
 * x is `first` (columns elements) followed by `second` (columns2 elements): two operands, so that neither has to be
 * copied beside the other. The exporter proves that no row's sum leaves 32 bits, whatever the activations are; every
 * order of summing therefore gives the same.
 */
#ifndef HIL_MATRIX_FIXED_H
#define HIL_MATRIX_FIXED_H

#include <stddef.h>
#include <stdint.h>

struct hil_matrix;

/* first and second need an alignment of 2 only; out must overlap neither. second may be NULL without columns2. */
typedef void (*hil_project)(const struct hil_matrix *matrix, const int16_t *first, const int16_t *second, int16_t *out);

struct hil_matrix {
    uint16_t rows;
    uint16_t columns;
    uint16_t columns2;          /* 0: no second operand */
    int32_t multiplier;         /* of every row, unless multipliers is not NULL */
    const int32_t *multipliers; /* one per row, or NULL */
    const int32_t *bias;        /* what each sum starts from, or NULL */
    const void *weights;        /* int16 or int8, aligned to 4, in the order that hil/models/pack.py gives them */
    const uint8_t *places;        /* sparse storage: which columns the weights are for */
    hil_project project;        /* hil_project_q15, _q7, _sparse_q15 or _sparse_q7 */
};

#endif
