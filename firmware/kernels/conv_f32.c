#include "conv_f32.h"

static __attribute__((noinline)) float *zeros(float *to, uint32_t count)
{
    for (; count != 0; count--) {
        *to++ = 0.0f;
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

void hil_gather_f32(const struct hil_conv_f32 *conv, const void *map, uint32_t y, uint32_t x, float *patch)
{
    const struct hil_window *window = &conv->window;
    const uint32_t kernel = window->kernel;
    const uint32_t channels = window->channels;
    const uint32_t pitch = window->width * channels;
    if (is_inside(window, y, x)) {
        const uint32_t count = kernel * channels;
        const float *from = (const float *)map + (y * window->stride - window->pad) * pitch +
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
    const float *from = (const float *)map + rows.start * pitch + columns.start * channels;
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

void hil_gather_u8_f32(const struct hil_conv_f32 *conv, const void *map, uint32_t y, uint32_t x, float *patch)
{
    const struct hil_window *window = &conv->window;
    const uint32_t kernel = window->kernel;
    const uint32_t channels = window->channels;
    const uint32_t pitch = window->width * channels;
    const float mean = conv->mean;
    if (is_inside(window, y, x)) {
        const uint32_t count = kernel * channels;
        const uint8_t *from = (const uint8_t *)map + (y * window->stride - window->pad) * pitch +
                              (x * window->stride - window->pad) * channels;
        for (uint32_t row = kernel; row != 0; row--, from += pitch) {
            for (uint32_t i = 0; i < count; i++) {
                *patch++ = (float)from[i] - mean;
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
            *patch++ = (float)from[i] - mean;
        }
        patch = zeros(patch, (kernel - columns.end) * channels);
    }
    zeros(patch, (kernel - rows.end) * kernel * channels);
}

void hil_conv_f32_row(const struct hil_conv_f32 *conv, const void *map, uint32_t y, float *out, float *patch)
{
    const struct hil_window *window = &conv->window;
    const struct hil_matrix_f32 *matrix = conv->matrix;
    const uint32_t step = (uint32_t)window->stride * window->channels;
    const float *pixel = NULL; /* the window itself, where it is a pixel of the map */
    if (conv->gather == NULL) {
        pixel = (const float *)map + (y * window->stride) * window->width * window->channels;
    }
    float *to = out;
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
    hil_clip_f32(out, (uint32_t)window->out_width * matrix->rows, conv->low, conv->high);
}

void hil_conv_f32_run(const struct hil_conv_f32 *conv, const void *map, float *out, float *patch)
{
    const uint32_t pitch = (uint32_t)conv->window.out_width * conv->matrix->rows;
    for (uint32_t y = 0; y < conv->window.out_height; y++) {
        hil_conv_f32_row(conv, map, y, out, patch);
        out += pitch;
    }
}
