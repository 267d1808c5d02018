#include "rectify.h"

void hil_rectify_fixed(int16_t *values, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        values[i] = values[i] < 0 ? 0 : values[i];
    }
}
