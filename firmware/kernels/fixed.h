/* The arithmetic that q15 and q7 share: int16 activations, exact int32 sums, real scales. hil/models/fixed.py says the
 * same in numpy; docs/decisions/fixed-point-arithmetic.md says why. */
#ifndef HIL_FIXED_H
#define HIL_FIXED_H

#include <stdint.h>

/* C leaves >> of a negative number to the compiler: the kernels need the arithmetic one. */
_Static_assert((-3 >> 1) == -2, "this compiler does not shift arithmetically");

#define HIL_UNIT 14 /* fraction bits of a bounded gate's output */
#define HIL_ONE (1 << HIL_UNIT)

static inline int32_t hil_clip(int32_t value, int32_t low, int32_t high)
{
    if (value < low) {
        return low;
    }
    return value > high ? high : value;
}

static inline int16_t hil_saturate(int32_t value)
{
    return (int16_t)hil_clip(value, INT16_MIN, INT16_MAX);
}

/* sat16((sum * multiplier + 2^31) >> 32): a sum at its own scale -> an activation at another, to nearest.
 * 0 <= multiplier. SMMULR and SSAT on a Cortex-M4. */
static inline int16_t hil_requantise(int32_t sum, int32_t multiplier)
{
    const int64_t product = (int64_t)sum * multiplier + (INT64_C(1) << 31);
    return hil_saturate((int32_t)(product >> 32));
}

#endif
