#include "depthwise_f32.h"

#include <stddef.h>

enum { MOST_CHANNELS = 4 };

/* `count` neighbouring channels of one pixel share each address; inlined with a constant count. */
static inline void block(const struct hil_depthwise_f32 *layer, const float *map, const struct hil_span *rows,
                         const struct hil_span *columns, uint32_t channel, const uint32_t count, float *out)
{
    const uint32_t channels = layer->window.channels;
    const uint32_t skipped = (layer->window.kernel - (columns->end - columns->begin)) * channels;
    const uint32_t pitch = (layer->window.width - (columns->end - columns->begin)) * channels;
    const float *weights =
        layer->weights + (size_t)(rows->begin * layer->window.kernel + columns->begin) * channels + channel;
    float sums[MOST_CHANNELS];
    for (uint32_t i = 0; i < count; i++) {
        sums[i] = layer->bias[channel + i];
    }
    map += channel;
    for (uint32_t row = rows->begin; row < rows->end; row++) {
        for (uint32_t column = columns->begin; column < columns->end; column++) {
            for (uint32_t i = 0; i < count; i++) {
                sums[i] += weights[i] * map[i];
            }
            weights += channels;
            map += channels;
        }
        weights += skipped;
        map += pitch;
    }
    for (uint32_t i = 0; i < count; i++) {
        out[channel + i] = sums[i];
    }
}

void hil_depthwise_f32_row(const struct hil_depthwise_f32 *layer, const float *map, uint32_t first, uint32_t y,
                           float *out)
{
    const struct hil_window *window = &layer->window;
    const uint32_t channels = window->channels;
    const struct hil_span rows = hil_span(window, y, window->height);
    const float *from = map + (rows.start - first) * window->width * channels;
    float *to = out;
    for (uint32_t x = 0; x < window->out_width; x++) {
        const struct hil_span columns = hil_span(window, x, window->width);
        const float *at = from + columns.start * channels;
        uint32_t channel = 0;
        for (; channel + MOST_CHANNELS <= channels; channel += MOST_CHANNELS) {
            block(layer, at, &rows, &columns, channel, MOST_CHANNELS, to);
        }
        for (; channel < channels; channel++) {
            block(layer, at, &rows, &columns, channel, 1, to);
        }
        to += channels;
    }
    hil_clip_f32(out, window->out_width * channels, layer->low, layer->high);
}

void hil_depthwise_f32_run(const struct hil_depthwise_f32 *layer, const float *map, float *out)
{
    const uint32_t pitch = (uint32_t)layer->window.out_width * layer->window.channels;
    for (uint32_t y = 0; y < layer->window.out_height; y++) {
        hil_depthwise_f32_row(layer, map, 0, y, out);
        out += pitch;
    }
}
