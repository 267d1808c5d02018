#include "depthwise_fixed.h"

#include "fixed.h"
#include "rectify.h"

void hil_depthwise_q15(const struct hil_depthwise_fixed *layer, const int16_t *map, const struct hil_span *rows,
                       const struct hil_span *columns, int16_t *out)
{
    const struct hil_window *window = &layer->window;
    const uint32_t channels = window->channels;
    for (uint32_t channel = 0; channel < channels; channel++) {
        const int16_t *weights = (const int16_t *)layer->weights + channel;
        int32_t sum = layer->bias[channel];
        for (uint32_t i = rows->begin; i < rows->end; i++) {
            const int16_t *from = map + ((i - rows->begin) * window->width) * channels + channel;
            for (uint32_t k = columns->begin; k < columns->end; k++, from += channels) {
                sum += weights[(i * window->kernel + k) * channels] * *from;
            }
        }
        out[channel] = hil_requantise(sum, layer->multipliers[channel]);
    }
}

void hil_depthwise_q7(const struct hil_depthwise_fixed *layer, const int16_t *map, const struct hil_span *rows,
                      const struct hil_span *columns, int16_t *out)
{
    const struct hil_window *window = &layer->window;
    const uint32_t channels = window->channels;
    for (uint32_t channel = 0; channel < channels; channel++) {
        const int8_t *weights = (const int8_t *)layer->weights + channel;
        int32_t sum = layer->bias[channel];
        for (uint32_t i = rows->begin; i < rows->end; i++) {
            const int16_t *from = map + ((i - rows->begin) * window->width) * channels + channel;
            for (uint32_t k = columns->begin; k < columns->end; k++, from += channels) {
                sum += weights[(i * window->kernel + k) * channels] * *from;
            }
        }
        out[channel] = hil_requantise(sum, layer->multipliers[channel]);
    }
}

void hil_depthwise_fixed_row(const struct hil_depthwise_fixed *layer, const int16_t *map, uint32_t first, uint32_t y,
                             int16_t *out)
{
    const struct hil_window *window = &layer->window;
    const uint32_t channels = window->channels;
    const struct hil_span rows = hil_span(window, y, window->height);
    const int16_t *from = map + (rows.start - first) * window->width * channels;
    int16_t *to = out;
    for (uint32_t x = 0; x < window->out_width; x++) {
        const struct hil_span columns = hil_span(window, x, window->width);
        layer->pixel(layer, from + columns.start * channels, &rows, &columns, to);
        to += channels;
    }
    if (layer->relu) {
        hil_rectify_fixed(out, window->out_width * channels);
    }
}

void hil_depthwise_fixed_run(const struct hil_depthwise_fixed *layer, const int16_t *map, int16_t *out)
{
    const uint32_t pitch = (uint32_t)layer->window.out_width * layer->window.channels;
    for (uint32_t y = 0; y < layer->window.out_height; y++) {
        hil_depthwise_fixed_row(layer, map, 0, y, out);
        out += pitch;
    }
}
