/* How a window slides over a map: what convolutions and pooling of every precision share.
 *
 * A map lies row by row, pixel by pixel, all channels of a pixel together. Output (y, x) sees the rows from
 * y stride - pad on and the columns from x stride - pad on, kernel of each; beyond the map's edge lies real 0.
 */
#ifndef HIL_WINDOW_H
#define HIL_WINDOW_H

#include <stdint.h>

struct hil_window {
    uint16_t height; /* of the input map */
    uint16_t width;
    uint16_t channels;
    uint16_t out_height;
    uint16_t out_width;
    uint8_t kernel; /* rows and columns of the window */
    uint8_t stride;
    uint8_t pad;
};

/* The part of a window that lies on the map, along one axis: window[begin, end) is map[start, start + end - begin). */
struct hil_span {
    uint32_t begin;
    uint32_t end;
    uint32_t start;
};

static inline struct hil_span hil_span(const struct hil_window *window, uint32_t at, uint32_t length)
{
    const int32_t first = (int32_t)(at * window->stride) - window->pad;
    const int32_t left = (int32_t)length - first;
    const int32_t begin = first < 0 ? -first : 0;
    const int32_t end = left < window->kernel ? left : window->kernel;
    const struct hil_span span = {
        .begin = (uint32_t)begin,
        .end = (uint32_t)(end > begin ? end : begin),
        .start = (uint32_t)(first + begin),
    };
    return span;
}

#endif
