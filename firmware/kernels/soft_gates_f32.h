/* Sigmoid and tanh in float32: out[i] = gate(sums[i] + bias[i]); out may be sums.
 *
 * The plain ones are exact to a relative 1e-6; those for the Cortex-M4 take a table of cubics (m4/gates_f32_table.h) and
 * are exact to an absolute 6e-7.
 */
#ifndef HIL_SOFT_GATES_F32_H
#define HIL_SOFT_GATES_F32_H

#include <stdint.h>

void hil_sigmoid_f32(const float *sums, const float *bias, uint32_t count, float *out); /* 1/(1+exp(-x)) */
void hil_tanh_f32(const float *sums, const float *bias, uint32_t count, float *out);

#endif
