#include "normalise_f32.h"

void hil_normalise_f32(float *input, const float *mean, const float *scale, uint32_t stride, uint32_t features,
                       uint32_t steps)
{
    for (; steps != 0; steps--) {
        for (uint32_t i = 0; i < features; i++) {
            input[i] = (input[i] - mean[i]) * scale[i];
        }
        input += features;
        mean += stride;
        scale += stride;
    }
}
