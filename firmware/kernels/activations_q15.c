#include "activations_q15.h"

#include "q15.h"

void hil_quant_sigm_q15(const int32_t *sums, const int32_t *bias, uint32_t shift, uint32_t count, int16_t *out)
{
    for (uint32_t i = 0; i < count; i++) {
        out[i] = (int16_t)hil_clip_q15((sums[i] + bias[i]) >> shift, 0, HIL_Q15_ONE);
    }
}

void hil_quant_tanh_q15(const int32_t *sums, const int32_t *bias, uint32_t shift, uint32_t count, int16_t *out)
{
    for (uint32_t i = 0; i < count; i++) {
        out[i] = (int16_t)hil_clip_q15((sums[i] + bias[i]) >> shift, -HIL_Q15_ONE, HIL_Q15_ONE);
    }
}
