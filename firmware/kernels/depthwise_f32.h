/* Depthwise convolution in float32: every channel has a window of its own.
 *
 *   out[y][x][c] = clip(bias[c] + sum over (ky, kx) of weights[ky][kx][c] window[ky][kx][c], low, high)
 *
 * Without a ReLU low and high are infinite.
 */
#ifndef HIL_DEPTHWISE_F32_H
#define HIL_DEPTHWISE_F32_H

#include "clip_f32.h"
#include "window.h"

struct hil_depthwise_f32 {
    struct hil_window window;
    const float *bias;    /* one per channel */
    const float *weights; /* kernel x kernel x channels */
    float low;
    float high;
};

/* One row of the output. map holds the input from row `first` on, and the rows that output row y sees. */
void hil_depthwise_f32_row(const struct hil_depthwise_f32 *layer, const float *map, uint32_t first, uint32_t y,
                           float *out);

/* The whole output map; out must not overlap the input. */
void hil_depthwise_f32_run(const struct hil_depthwise_f32 *layer, const float *map, float *out);

#endif
