#include "soft_gates_f32.h"

#include <string.h>

/* A NaN fails both comparisons and stays a NaN: a broken model must not look like a saturated one. */
static inline float clip(float x, float low, float high)
{
    if (x < low) {
        return low;
    }
    return x > high ? high : x;
}

/* exp(x) with a relative error below 3e-7: x = n ln 2 + r, |r| <= ln 2 / 2, a Taylor polynomial in r and n in the
   exponent's bits. Own code rather than expf, so that every board and the host compute the same bits without
   pulling in libm's error handling. */
static inline float exponential(float x)
{
    x = clip(x, -87.0f, 88.0f);
    const float turns = x * 1.44269504f;
    const int32_t n = (int32_t)(turns + (turns < 0.0f ? -0.5f : 0.5f));
    const float whole = (float)n;
    const float r = (x - whole * 0.693359375f) + whole * 2.12194440e-4f; /* ln 2 in two parts */
    float p = 1.0f / 720.0f;
    p = p * r + 1.0f / 120.0f;
    p = p * r + 1.0f / 24.0f;
    p = p * r + 1.0f / 6.0f;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    const uint32_t bits = (uint32_t)(n + 127) << 23;
    float power;
    memcpy(&power, &bits, sizeof power);
    return p * power;
}

/* A NaN would be undefined in the conversion to an integer, so it is handed through before it. */
void hil_sigmoid_f32(const float *sums, const float *bias, uint32_t count, float *out)
{
    for (uint32_t i = 0; i < count; i++) {
        const float x = sums[i] + bias[i];
        out[i] = x != x ? x : 1.0f / (1.0f + exponential(-x));
    }
}

void hil_tanh_f32(const float *sums, const float *bias, uint32_t count, float *out)
{
    for (uint32_t i = 0; i < count; i++) {
        const float x = sums[i] + bias[i];
        const float square = x * x;
        if (square < 0.0625f) { /* below 1/4 the exponential's form would cancel; the series is good to 2e-7 */
            out[i] = x * (1.0f + square * (-1.0f / 3.0f + square * (2.0f / 15.0f +
                     square * (-17.0f / 315.0f + square * (62.0f / 2835.0f)))));
        } else {
            out[i] = x != x ? x : 1.0f - 2.0f / (exponential(2.0f * x) + 1.0f);
        }
    }
}
