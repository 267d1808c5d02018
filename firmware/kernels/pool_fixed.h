/* Maximum over windows and average over whole maps, in fixed point. */
#ifndef HIL_POOL_FIXED_H
#define HIL_POOL_FIXED_H

#include "window.h"

/* The largest of each channel under the window, which no padding joins; the whole output map. */
void hil_max_fixed(const struct hil_window *window, const int16_t *map, int16_t *out);

/* out[c] = requantise(sum over the map's `pixels` < 65536 pixels, multiplier), the multiplier holding 1 / pixels. */
void hil_average_fixed(const int16_t *map, uint32_t pixels, uint32_t channels, int32_t multiplier, int16_t *out);

#endif
