/* Nonlinearities of fixed-point cells, one function each: an image links only those that its model names.
 *
 * x comes at the fraction bits that each states; what a cell has at fewer is doubled before, with saturation.
 * in[i] -> out[i]; out may be in. hil/models/gates.py has the same in numpy.
 */
#ifndef HIL_GATES_FIXED_H
#define HIL_GATES_FIXED_H

#include <stdint.h>

typedef void (*hil_gate_fixed)(const int16_t *in, uint32_t count, int16_t *out);

/* clip(x, 2^-14, 1): 14 bits in and out. quantSigm and quantSigm4 once their slope is in the bits and their offset in the
 * bias: quantSigm's input has 13 bits, quantSigm4's 12. A gate that is shut lets 2^-14 of the state through, one that is
 * open all of it, which is what lasts. */
void hil_unit_fixed(const int16_t *in, uint32_t count, int16_t *out);
void hil_quant_tanh_fixed(const int16_t *in, uint32_t count, int16_t *out); /* clip(x, -1, 1 - 2^-14), likewise */
void hil_relu_fixed(const int16_t *in, uint32_t count, int16_t *out);       /* max(x, 0): any bits */

/* 12 bits in, 14 out, by a table of 256 intervals and linear interpolation: see gates_table.h for the largest error. */
void hil_sigmoid_fixed(const int16_t *in, uint32_t count, int16_t *out);
void hil_tanh_fixed(const int16_t *in, uint32_t count, int16_t *out);

#endif
