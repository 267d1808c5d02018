/* Depthwise convolution in fixed point: every channel has a window of its own.
 *
 *   out[y][x][c] = [max(0, .)] requantise(bias[c] + sum over (ky, kx) of weights[ky][kx][c] window[ky][kx][c],
 *                                         multipliers[c])
 *
 * A cap such as ReLU6's 6 is the saturation of the output's scale. hil/models/convnet/golden_fixed.py is the reference.
 */
#ifndef HIL_DEPTHWISE_FIXED_H
#define HIL_DEPTHWISE_FIXED_H

#include "window.h"

struct hil_depthwise_fixed;

/* One pixel of the output: the sums over the part of the window that lies on the map, from `map` on. */
typedef void (*hil_depthwise_pixel)(const struct hil_depthwise_fixed *layer, const int16_t *map, const struct hil_span *rows,
                                    const struct hil_span *columns, int16_t *out);

struct hil_depthwise_fixed {
    struct hil_window window;
    const int32_t *multipliers; /* one per channel */
    const int32_t *bias;        /* one per channel */
    const void *weights;        /* kernel x kernel x channels, int16 or int8, aligned to 4 */
    hil_depthwise_pixel pixel;  /* hil_depthwise_q15 or hil_depthwise_q7 */
    uint8_t relu;               /* whether negative outputs become 0 */
};

void hil_depthwise_q15(const struct hil_depthwise_fixed *layer, const int16_t *map, const struct hil_span *rows,
                       const struct hil_span *columns, int16_t *out);
void hil_depthwise_q7(const struct hil_depthwise_fixed *layer, const int16_t *map, const struct hil_span *rows,
                      const struct hil_span *columns, int16_t *out);

/* One row of the output. map holds the input from row `first` on, and the rows that output row y sees. */
void hil_depthwise_fixed_row(const struct hil_depthwise_fixed *layer, const int16_t *map, uint32_t first, uint32_t y,
                             int16_t *out);

/* The whole output map; out must not overlap the input. */
void hil_depthwise_fixed_run(const struct hil_depthwise_fixed *layer, const int16_t *map, int16_t *out);

#endif
