/* Instructions of the Cortex-M4 that C has no words for (ARMv7-M ARM, A7.7); one function each, the lanes of a word
 * being two 16-bit halves, the lower first in memory. */
#ifndef HIL_DSP_H
#define HIL_DSP_H

#include <stdint.h>

static inline int32_t hil_smmulr(int32_t a, int32_t b) /* (a * b + 2^31) >> 32 */
{
    int32_t out;
    __asm("smmulr %0, %1, %2" : "=r"(out) : "r"(a), "r"(b));
    return out;
}

static inline int32_t hil_ssat16bits(int32_t value)
{
    int32_t out;
    __asm("ssat %0, #16, %1" : "=r"(out) : "r"(value));
    return out;
}

/* Both halves of one activation pair in memory, wherever it lies: LDR and STR need no alignment on a Cortex-M4. */
static inline uint32_t hil_load_pair(const int16_t *at)
{
    uint32_t out;
    __builtin_memcpy(&out, at, sizeof out);
    return out;
}

static inline void hil_store_pair(int16_t *at, uint32_t pair)
{
    __builtin_memcpy(at, &pair, sizeof pair);
}

#endif
