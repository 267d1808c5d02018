/* The gates of FastGRNN in q15.
 *
 *   out[i] = clip((sums[i] + bias[i]) >> shift, low, high)      14 fraction bits: 1.0 is 16384
 *
 * The shift is arithmetic; the caller folds the rounding constant (1 << shift) >> 1 and the gate's offset into the
 * bias, and makes sure that no sum leaves 32 bits.
 */
#ifndef HIL_ACTIVATIONS_Q15_H
#define HIL_ACTIVATIONS_Q15_H

#include <stdint.h>

#define HIL_Q15_UNIT 14 /* fraction bits of a gate's output */
#define HIL_Q15_ONE (1 << HIL_Q15_UNIT)

/* One function per gate, called once per vector: an image links only the gates that its model names. */
typedef void (*hil_gate_q15)(const int32_t *sums, const int32_t *bias, uint32_t shift, uint32_t count, int16_t *out);

/* quantSigm: sums at shift + 13 fraction bits, the bias holds 8192 << shift. quantSigm4: shift + 12, the same. */
void hil_quant_sigm_q15(const int32_t *sums, const int32_t *bias, uint32_t shift, uint32_t count, int16_t *out);

/* quantTanh: sums at shift + 14 fraction bits. */
void hil_quant_tanh_q15(const int32_t *sums, const int32_t *bias, uint32_t shift, uint32_t count, int16_t *out);

#endif
