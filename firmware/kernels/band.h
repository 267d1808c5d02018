/* The rows of a map that a window needs at a time, for maps that are made row by row and never exist whole. */
#ifndef HIL_BAND_H
#define HIL_BAND_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "window.h"

/* The rows [first, made) of the map lie one after the other; both are 0 before the first output row. */
struct hil_band {
    uint32_t first;
    uint32_t made;
};

/* Let the rows go that output row y and those below it do not need. Returns one past the last row that y needs: the caller
 * makes the rows [made, that) behind those that are there. `rows` has room for `kernel` rows of `pitch` bytes. */
static inline uint32_t hil_band_move(struct hil_band *band, const struct hil_window *window, uint32_t y, void *rows,
                                     size_t pitch)
{
    const struct hil_span span = hil_span(window, y, window->height);
    if (span.start > band->first) {
        const uint32_t gone = span.start - band->first;
        const uint32_t kept = band->made > span.start ? band->made - span.start : 0;
        memmove(rows, (const char *)rows + gone * pitch, kept * pitch);
        band->first = span.start;
        band->made = span.start + kept;
    }
    return span.start + (span.end - span.begin);
}

#endif
