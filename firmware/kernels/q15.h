/* The arithmetic that all q15 kernels share; hil/models/golden_q15.py says the same in numpy. */
#ifndef HIL_Q15_H
#define HIL_Q15_H

#include <stdint.h>

/* C leaves >> of a negative number to the compiler: the kernels need the arithmetic one. */
_Static_assert((-3 >> 1) == -2, "this compiler does not shift arithmetically");

/* What to add before >> shift to round to nearest, halves upwards. */
static inline int32_t hil_half_q15(uint32_t shift)
{
    return (int32_t)((UINT32_C(1) << shift) >> 1);
}

static inline int32_t hil_clip_q15(int32_t value, int32_t low, int32_t high)
{
    if (value < low) {
        return low;
    }
    return value > high ? high : value;
}

static inline int16_t hil_saturate_q15(int32_t value)
{
    if (value > INT16_MAX) {
        return INT16_MAX;
    }
    return value < INT16_MIN ? INT16_MIN : (int16_t)value;
}

#endif
