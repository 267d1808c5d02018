#include "pool_fixed.h"

#include "fixed.h"

static int16_t largest(const struct hil_window *window, const int16_t *from, const struct hil_span *rows,
                       const struct hil_span *columns)
{
    int16_t most = INT16_MIN;
    for (uint32_t row = rows->begin; row < rows->end; row++) {
        const int16_t *at = from;
        for (uint32_t column = columns->begin; column < columns->end; column++) {
            most = *at > most ? *at : most;
            at += window->channels;
        }
        from += window->width * window->channels;
    }
    return most;
}

void hil_max_fixed(const struct hil_window *window, const int16_t *map, int16_t *out)
{
    for (uint32_t y = 0; y < window->out_height; y++) {
        const struct hil_span rows = hil_span(window, y, window->height);
        for (uint32_t x = 0; x < window->out_width; x++) {
            const struct hil_span columns = hil_span(window, x, window->width);
            const int16_t *from = map + (rows.start * window->width + columns.start) * window->channels;
            for (uint32_t channel = 0; channel < window->channels; channel++) {
                *out++ = largest(window, from + channel, &rows, &columns);
            }
        }
    }
}

void hil_average_fixed(const int16_t *map, uint32_t pixels, uint32_t channels, int32_t multiplier, int16_t *out)
{
    for (uint32_t channel = 0; channel < channels; channel++) {
        const int16_t *at = map + channel;
        int32_t sum = 0;
        for (uint32_t pixel = 0; pixel < pixels; pixel++) {
            sum += *at;
            at += channels;
        }
        out[channel] = hil_requantise(sum, multiplier);
    }
}
