#include "pool_f32.h"

static float largest(const struct hil_window *window, const float *from, const struct hil_span *rows,
                       const struct hil_span *columns)
{
    float most = *from;
    for (uint32_t row = rows->begin; row < rows->end; row++) {
        const float *at = from;
        for (uint32_t column = columns->begin; column < columns->end; column++) {
            most = *at < most ? most : *at;
            at += window->channels;
        }
        from += window->width * window->channels;
    }
    return most;
}

void hil_max_f32(const struct hil_window *window, const float *map, float *out)
{
    for (uint32_t y = 0; y < window->out_height; y++) {
        const struct hil_span rows = hil_span(window, y, window->height);
        for (uint32_t x = 0; x < window->out_width; x++) {
            const struct hil_span columns = hil_span(window, x, window->width);
            const float *from = map + (rows.start * window->width + columns.start) * window->channels;
            for (uint32_t channel = 0; channel < window->channels; channel++) {
                *out++ = largest(window, from + channel, &rows, &columns);
            }
        }
    }
}

void hil_average_f32(const float *map, uint32_t pixels, uint32_t channels, float scale, float *out)
{
    for (uint32_t channel = 0; channel < channels; channel++) {
        const float *at = map + channel;
        float sum = 0.0f;
        for (uint32_t pixel = 0; pixel < pixels; pixel++) {
            sum += *at;
            at += channels;
        }
        out[channel] = sum * scale;
    }
}
