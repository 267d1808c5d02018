/* The gates of FastGRNN in float32: out[i] = gate(sums[i] + bias[i]); out may be sums. */
#ifndef HIL_GATES_F32_H
#define HIL_GATES_F32_H

#include <stdint.h>

#include "soft_gates_f32.h"

/* One function per gate, called once per vector: an image links only the gates that its model names. */
typedef void (*hil_gate_f32)(const float *sums, const float *bias, uint32_t count, float *out);

void hil_quant_sigm_f32(const float *sums, const float *bias, uint32_t count, float *out);  /* clip((x+1)/2, 0, 1) */
void hil_quant_sigm4_f32(const float *sums, const float *bias, uint32_t count, float *out); /* clip((x+2)/4, 0, 1) */
void hil_quant_tanh_f32(const float *sums, const float *bias, uint32_t count, float *out);  /* clip(x, -1, 1) */
void hil_relu_f32(const float *sums, const float *bias, uint32_t count, float *out);        /* max(x, 0) */

#endif
