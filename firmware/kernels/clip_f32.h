/* Clip values in place; a NaN stays one. */
#ifndef HIL_CLIP_F32_H
#define HIL_CLIP_F32_H

#include <stdint.h>

#define HIL_NO_LIMIT __builtin_inff()

static inline void hil_clip_f32(float *values, uint32_t count, float low, float high)
{
    for (uint32_t i = 0; i < count; i++) {
        const float value = values[i];
        if (value < low) {
            values[i] = low;
        } else if (value > high) {
            values[i] = high;
        }
    }
}

#endif
