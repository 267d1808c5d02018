#include "conv_fixed.h"

#include "rectify.h"

static __attribute__((noinline)) int16_t *zeros(int16_t *to, uint32_t count)
{
    for (; count != 0; count--) {
        *to++ = 0;
    }
    return to;
}

/* Whether the whole window lies on the map, as most do. */
static inline int is_inside(const struct hil_window *window, uint32_t y, uint32_t x)
{
    const int32_t top = (int32_t)(y * window->stride) - window->pad;
    const int32_t left = (int32_t)(x * window->stride) - window->pad;
    return top >= 0 && left >= 0 && top + window->kernel <= window->height && left + window->kernel <= window->width;
}

void hil_gather_fixed(const struct hil_conv_fixed *conv, const void *map, uint32_t y, uint32_t x, int16_t *patch)
{
    const struct hil_window *window = &conv->window;
    const uint32_t kernel = window->kernel;
    const uint32_t channels = window->channels;
    const uint32_t pitch = window->width * channels;
    if (is_inside(window, y, x)) {
        const uint32_t count = kernel * channels;
        const int16_t *from = (const int16_t *)map + (y * window->stride - window->pad) * pitch +
                              (x * window->stride - window->pad) * channels;
        for (uint32_t row = kernel; row != 0; row--, from += pitch) {
            for (uint32_t i = 0; i < count; i++) {
                *patch++ = from[i];
            }
        }
        return;
    }
    const struct hil_span rows = hil_span(window, y, window->height);
    const struct hil_span columns = hil_span(window, x, window->width);
    const uint32_t count = (columns.end - columns.begin) * channels;
    const int16_t *from = (const int16_t *)map + rows.start * pitch + columns.start * channels;
    patch = zeros(patch, rows.begin * kernel * channels);
    for (uint32_t row = rows.begin; row < rows.end; row++, from += pitch) {
        patch = zeros(patch, columns.begin * channels);
        for (uint32_t i = 0; i < count; i++) {
            *patch++ = from[i];
        }
        patch = zeros(patch, (kernel - columns.end) * channels);
    }
    zeros(patch, (kernel - rows.end) * kernel * channels);
}

void hil_gather_u8_fixed(const struct hil_conv_fixed *conv, const void *map, uint32_t y, uint32_t x, int16_t *patch)
{
    const struct hil_window *window = &conv->window;
    const uint32_t kernel = window->kernel;
    const uint32_t channels = window->channels;
    const uint32_t pitch = window->width * channels;
    const int32_t mean = conv->mean;
    if (is_inside(window, y, x)) {
        const uint32_t count = kernel * channels;
        const uint8_t *from = (const uint8_t *)map + (y * window->stride - window->pad) * pitch +
                              (x * window->stride - window->pad) * channels;
        for (uint32_t row = kernel; row != 0; row--, from += pitch) {
            for (uint32_t i = 0; i < count; i++) {
                *patch++ = (int16_t)((from[i] - mean) * HIL_BYTE);
            }
        }
        return;
    }
    const struct hil_span rows = hil_span(window, y, window->height);
    const struct hil_span columns = hil_span(window, x, window->width);
    const uint32_t count = (columns.end - columns.begin) * channels;
    const uint8_t *from = (const uint8_t *)map + rows.start * pitch + columns.start * channels;
    patch = zeros(patch, rows.begin * kernel * channels);
    for (uint32_t row = rows.begin; row < rows.end; row++, from += pitch) {
        patch = zeros(patch, columns.begin * channels);
        for (uint32_t i = 0; i < count; i++) {
            *patch++ = (int16_t)((from[i] - mean) * HIL_BYTE);
        }
        patch = zeros(patch, (kernel - columns.end) * channels);
    }
    zeros(patch, (kernel - rows.end) * kernel * channels);
}

void hil_conv_fixed_row(const struct hil_conv_fixed *conv, const void *map, uint32_t y, int16_t *out, int16_t *patch)
{
    const struct hil_window *window = &conv->window;
    const struct hil_matrix *matrix = conv->matrix;
    const uint32_t step = (uint32_t)window->stride * window->channels;
    const int16_t *pixel = NULL; /* the window itself, where it is a pixel of the map */
    if (conv->gather == NULL) {
        pixel = (const int16_t *)map + (y * window->stride) * window->width * window->channels;
    }
    int16_t *to = out;
    for (uint32_t x = 0; x < window->out_width; x++) {
        if (pixel == NULL) {
            conv->gather(conv, map, y, x, patch);
            matrix->project(matrix, patch, NULL, to);
        } else {
            matrix->project(matrix, pixel, NULL, to);
            pixel += step;
        }
        to += matrix->rows;
    }
    if (conv->relu) {
        hil_rectify_fixed(out, (uint32_t)window->out_width * matrix->rows);
    }
}

void hil_conv_fixed_run(const struct hil_conv_fixed *conv, const void *map, int16_t *out, int16_t *patch)
{
    const uint32_t pitch = (uint32_t)conv->window.out_width * conv->matrix->rows;
    for (uint32_t y = 0; y < conv->window.out_height; y++) {
        hil_conv_fixed_row(conv, map, y, out, patch);
        out += pitch;
    }
}
