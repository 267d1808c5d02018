/* USAT16 clips two signed halves to 0 and 32767 at once. */
#include "../rectify.h"

#include "dsp.h"

static inline uint32_t rectified(uint32_t pair)
{
    uint32_t out;
    __asm("usat16 %0, #15, %1" : "=r"(out) : "r"(pair));
    return out;
}

void hil_rectify_fixed(int16_t *values, uint32_t count)
{
    for (; count >= 8; count -= 8, values += 8) {
        hil_store_pair(values, rectified(hil_load_pair(values)));
        hil_store_pair(values + 2, rectified(hil_load_pair(values + 2)));
        hil_store_pair(values + 4, rectified(hil_load_pair(values + 4)));
        hil_store_pair(values + 6, rectified(hil_load_pair(values + 6)));
    }
    for (; count != 0; count--, values++) {
        *values = *values < 0 ? 0 : *values;
    }
}
