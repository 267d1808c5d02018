#include "gates_f32.h"

/* A NaN fails both comparisons and stays a NaN: a broken model must not look like a saturated one. */
static inline float clip(float x, float low, float high)
{
    if (x < low) {
        return low;
    }
    return x > high ? high : x;
}

void hil_quant_sigm_f32(const float *sums, const float *bias, uint32_t count, float *out)
{
    for (uint32_t i = 0; i < count; i++) {
        out[i] = clip((sums[i] + bias[i] + 1.0f) * 0.5f, 0.0f, 1.0f);
    }
}

void hil_quant_sigm4_f32(const float *sums, const float *bias, uint32_t count, float *out)
{
    for (uint32_t i = 0; i < count; i++) {
        out[i] = clip((sums[i] + bias[i] + 2.0f) * 0.25f, 0.0f, 1.0f);
    }
}

void hil_quant_tanh_f32(const float *sums, const float *bias, uint32_t count, float *out)
{
    for (uint32_t i = 0; i < count; i++) {
        out[i] = clip(sums[i] + bias[i], -1.0f, 1.0f);
    }
}

void hil_relu_f32(const float *sums, const float *bias, uint32_t count, float *out)
{
    for (uint32_t i = 0; i < count; i++) {
        const float x = sums[i] + bias[i];
        out[i] = x < 0.0f ? 0.0f : x;
    }
}
