/* Marks around an inference for a tool that watches the core from outside, as QEMU's timing plug-in does.
 *
 * They are DBG hints (ARMv7-M ARM, A7.7.29), which do nothing on any processor: first the vector's number, 32 times
 * one bit from the lowest up, then the beginning and the end. Around inferences that are repeated there are others,
 * for those are no region of their own. hil/qemu/timing/region.h has the same numbers. */
#ifndef HIL_MARK_H
#define HIL_MARK_H

#include <stdint.h>

#if defined(__ARM_ARCH_7M__) || defined(__ARM_ARCH_7EM__)

static inline void hil_mark_number(uint32_t number)
{
    uint32_t bits = 32;
    __asm volatile("1:\n\t"
                   "lsrs %0, %0, #1\n\t"
                   "bcs 2f\n\t"
                   "dbg #8\n\t" /* a bit that is 0 */
                   "b 3f\n\t"
                   "2:\n\t"
                   "dbg #9\n\t" /* a bit that is 1 */
                   "3:\n\t"
                   "subs %1, %1, #1\n\t"
                   "bne 1b\n\t"
                   : "+l"(number), "+l"(bits)
                   :
                   : "cc");
}

/* Nothing moves across a mark: what lies between two is what is counted. */
static inline void hil_mark_begin(void)
{
    __asm volatile("dbg #10" ::: "memory");
}

static inline void hil_mark_end(void)
{
    __asm volatile("dbg #11" ::: "memory");
}

static inline void hil_mark_repeat_begin(void)
{
    __asm volatile("dbg #12" ::: "memory");
}

static inline void hil_mark_repeat_end(void)
{
    __asm volatile("dbg #13" ::: "memory");
}

#else /* the host, and cores without the hint */

static inline void hil_mark_number(uint32_t number)
{
    (void)number;
}

static inline void hil_mark_begin(void)
{
}

static inline void hil_mark_end(void)
{
}

static inline void hil_mark_repeat_begin(void)
{
}

static inline void hil_mark_repeat_end(void)
{
}

#endif
#endif
