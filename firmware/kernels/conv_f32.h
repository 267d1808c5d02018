/* Convolution in float32: every output pixel is a matrix times the window under it.
 *
 *   out[y][x] = clip(bias + weights window(y, x), low, high)
 *
 * A window's elements lie as in the map: kernel row, kernel column, channel. Without a ReLU low and high are infinite.
 */
#ifndef HIL_CONV_F32_H
#define HIL_CONV_F32_H

#include "clip_f32.h"
#include "matrix_f32.h"
#include "window.h"

struct hil_conv_f32;

/* Lay the window of output (y, x) into patch. */
typedef void (*hil_gather_float)(const struct hil_conv_f32 *conv, const void *map, uint32_t y, uint32_t x,
                                 float *patch);

struct hil_conv_f32 {
    struct hil_window window;
    const struct hil_matrix_f32 *matrix; /* rows: output channels; columns: kernel * kernel * channels */
    hil_gather_float gather;      /* one of those below; NULL: a kernel of 1 without padding uses the map's pixels */
    float mean;                   /* hil_gather_u8_f32: what to subtract from a byte; 1/std is in the weights */
    float low;
    float high;
};

void hil_gather_f32(const struct hil_conv_f32 *conv, const void *map, uint32_t y, uint32_t x, float *patch);
void hil_gather_u8_f32(const struct hil_conv_f32 *conv, const void *map, uint32_t y, uint32_t x, float *patch);

/* One row of the output (out_width pixels) from the whole input map, float or, with hil_gather_u8_f32, uint8.
 * patch: scratch of matrix->columns elements. */
void hil_conv_f32_row(const struct hil_conv_f32 *conv, const void *map, uint32_t y, float *out, float *patch);

/* The whole output map; out must not overlap the input. */
void hil_conv_f32_run(const struct hil_conv_f32 *conv, const void *map, float *out, float *patch);

#endif
