/* Input normalisation in float32, in place: x = (x - mean) * scale. */
#ifndef HIL_NORMALISE_F32_H
#define HIL_NORMALISE_F32_H

#include <stdint.h>

/* stride: from one step's mean and scale to the next: features, or 0 for the same at each step. */
void hil_normalise_f32(float *input, const float *mean, const float *scale, uint32_t stride, uint32_t features,
                       uint32_t steps);

#endif
