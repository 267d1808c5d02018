/* Maximum over windows and average over whole maps, in float32. */
#ifndef HIL_POOL_F32_H
#define HIL_POOL_F32_H

#include "window.h"

/* The largest of each channel under the window, which no padding joins; the whole output map. */
void hil_max_f32(const struct hil_window *window, const float *map, float *out);

/* out[c] = scale times the sum over the map's pixels, the scale being 1 / pixels. */
void hil_average_f32(const float *map, uint32_t pixels, uint32_t channels, float scale, float *out);

#endif
