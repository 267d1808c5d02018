/* Four channels share each address and each pair of loads; SMLABB and SMLATT take their halves in place. 8-bit weights
 * come four to a word and are spread by SXTB16, which takes every other byte. */
#include "../depthwise_fixed.h"

#include "../rectify.h"
#include "dsp.h"

enum { BLOCK = 4 };

struct sums {
    int32_t a, b, c, d;
};

static inline int32_t low_low(int32_t sum, uint32_t weights, uint32_t values)
{
    __asm("smlabb %0, %1, %2, %0" : "+r"(sum) : "r"(weights), "r"(values));
    return sum;
}

static inline int32_t high_high(int32_t sum, uint32_t weights, uint32_t values)
{
    __asm("smlatt %0, %1, %2, %0" : "+r"(sum) : "r"(weights), "r"(values));
    return sum;
}

static inline int32_t low_high(int32_t sum, uint32_t weights, uint32_t values)
{
    __asm("smlabt %0, %1, %2, %0" : "+r"(sum) : "r"(weights), "r"(values));
    return sum;
}

static inline int32_t high_low(int32_t sum, uint32_t weights, uint32_t values)
{
    __asm("smlatb %0, %1, %2, %0" : "+r"(sum) : "r"(weights), "r"(values));
    return sum;
}

static inline uint32_t even_bytes(uint32_t bytes)
{
    uint32_t out;
    __asm("sxtb16 %0, %1" : "=r"(out) : "r"(bytes));
    return out;
}

static inline uint32_t odd_bytes(uint32_t bytes)
{
    uint32_t out;
    __asm("sxtb16 %0, %1, ror #8" : "=r"(out) : "r"(bytes));
    return out;
}

static inline struct sums tap_q15(struct sums sums, const int16_t *weights, const int16_t *map)
{
    const uint32_t first = hil_load_pair(map);
    const uint32_t second = hil_load_pair(map + 2);
    const uint32_t one = hil_load_pair(weights);
    const uint32_t two = hil_load_pair(weights + 2);
    sums.a = low_low(sums.a, one, first);
    sums.b = high_high(sums.b, one, first);
    sums.c = low_low(sums.c, two, second);
    sums.d = high_high(sums.d, two, second);
    return sums;
}

static inline struct sums tap_q7(struct sums sums, const int8_t *weights, const int16_t *map)
{
    uint32_t bytes;
    __builtin_memcpy(&bytes, weights, sizeof bytes);
    const uint32_t first = hil_load_pair(map);
    const uint32_t second = hil_load_pair(map + 2);
    const uint32_t even = even_bytes(bytes);
    const uint32_t odd = odd_bytes(bytes);
    sums.a = low_low(sums.a, even, first);
    sums.b = low_high(sums.b, odd, first);
    sums.c = high_low(sums.c, even, second);
    sums.d = high_high(sums.d, odd, second);
    return sums;
}

static inline int16_t narrow(int32_t sum, int32_t multiplier)
{
    return (int16_t)hil_ssat16bits(hil_smmulr(sum, multiplier));
}

/* One pixel; TAP is a name so that each of the two kernels has its own inlined loop. */
#define PIXEL(WEIGHT, TAP)                                                                                         \
    const uint32_t channels = layer->window.channels;                                                              \
    const uint32_t taken = columns->end - columns->begin;                                                          \
    const uint32_t skipped = (layer->window.kernel - taken) * channels;                                            \
    const uint32_t pitch = (layer->window.width - taken) * channels;                                               \
    const WEIGHT *const start =                                                                                    \
        (const WEIGHT *)layer->weights + (rows->begin * layer->window.kernel + columns->begin) * channels;         \
    uint32_t channel = 0;                                                                                          \
    for (; channel + BLOCK <= channels; channel += BLOCK) {                                                        \
        const int32_t *bias = layer->bias + channel;                                                               \
        const int32_t *multipliers = layer->multipliers + channel;                                                 \
        struct sums sums = {bias[0], bias[1], bias[2], bias[3]};                                                   \
        const WEIGHT *weights = start + channel;                                                                   \
        const int16_t *from = map + channel;                                                                       \
        for (uint32_t row = rows->begin; row < rows->end; row++) {                                                 \
            for (uint32_t column = taken; column != 0; column--) {                                                 \
                sums = TAP(sums, weights, from);                                                                   \
                weights += channels;                                                                               \
                from += channels;                                                                                  \
            }                                                                                                      \
            weights += skipped;                                                                                    \
            from += pitch;                                                                                         \
        }                                                                                                          \
        out[channel] = narrow(sums.a, multipliers[0]);                                                             \
        out[channel + 1] = narrow(sums.b, multipliers[1]);                                                         \
        out[channel + 2] = narrow(sums.c, multipliers[2]);                                                         \
        out[channel + 3] = narrow(sums.d, multipliers[3]);                                                         \
    }                                                                                                              \
    for (; channel < channels; channel++) {                                                                        \
        int32_t sum = layer->bias[channel];                                                                        \
        const WEIGHT *weights = start + channel;                                                                   \
        const int16_t *from = map + channel;                                                                       \
        for (uint32_t row = rows->begin; row < rows->end; row++) {                                                 \
            for (uint32_t column = taken; column != 0; column--) {                                                 \
                sum += *weights * *from;                                                                           \
                weights += channels;                                                                               \
                from += channels;                                                                                  \
            }                                                                                                      \
            weights += skipped;                                                                                    \
            from += pitch;                                                                                         \
        }                                                                                                          \
        out[channel] = narrow(sum, layer->multipliers[channel]);                                                   \
    }

void hil_depthwise_q15(const struct hil_depthwise_fixed *layer, const int16_t *map, const struct hil_span *rows,
                       const struct hil_span *columns, int16_t *out)
{
    PIXEL(int16_t, tap_q15)
}

void hil_depthwise_q7(const struct hil_depthwise_fixed *layer, const int16_t *map, const struct hil_span *rows,
                      const struct hil_span *columns, int16_t *out)
{
    PIXEL(int8_t, tap_q7)
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
