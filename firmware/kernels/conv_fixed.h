/* Convolution in fixed point: every output pixel is a matrix times the window under it.
 *
 *   out[y][x] = [max(0, .)] requantise(bias + weights window(y, x), multipliers)
 *
 * A window's elements lie as in the map: kernel row, kernel column, channel. A cap such as ReLU6's 6 is the saturation
 * of the output's scale. hil/models/convnet/golden_fixed.py is the reference.
 */
#ifndef HIL_CONV_FIXED_H
#define HIL_CONV_FIXED_H

#include "matrix_fixed.h"
#include "window.h"

struct hil_conv_fixed;

#define HIL_BYTE 128 /* integers per step of a byte of the input, so that a byte fills 16 bits */

/* Lay the window of output (y, x) into patch. */
typedef void (*hil_gather)(const struct hil_conv_fixed *conv, const void *map, uint32_t y, uint32_t x, int16_t *patch);

struct hil_conv_fixed {
    struct hil_window window;
    const struct hil_matrix *matrix; /* rows: output channels; columns: kernel * kernel * channels */
    hil_gather gather;        /* one of those below; NULL: a kernel of 1 without padding uses the map's pixels in place */
    int16_t mean;             /* hil_gather_u8_fixed: what to subtract from a byte before it is multiplied by HIL_BYTE */
    uint8_t relu;             /* whether negative outputs become 0 */
};

void hil_gather_fixed(const struct hil_conv_fixed *conv, const void *map, uint32_t y, uint32_t x, int16_t *patch);
void hil_gather_u8_fixed(const struct hil_conv_fixed *conv, const void *map, uint32_t y, uint32_t x, int16_t *patch);

/* One row of the output (out_width pixels) from the whole input map, int16 or, with hil_gather_u8_fixed, uint8.
 * patch: scratch of matrix->columns elements, aligned to 4. */
void hil_conv_fixed_row(const struct hil_conv_fixed *conv, const void *map, uint32_t y, int16_t *out, int16_t *patch);

/* The whole output map; out must not overlap the input. */
void hil_conv_fixed_run(const struct hil_conv_fixed *conv, const void *map, int16_t *out, int16_t *patch);

#endif
