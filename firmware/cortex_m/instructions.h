/* What C has no words for. On the host, where a model stands in for the chip, they do nothing. */
#ifndef HIL_CORTEX_M_INSTRUCTIONS_H
#define HIL_CORTEX_M_INSTRUCTIONS_H

#include <stdint.h>

#ifdef HIL_REGISTER_MODEL
#define INSTRUCTION(...) ((void)0)
#else
#define INSTRUCTION(...) __asm volatile(__VA_ARGS__)
#endif

/* No interrupt comes from here on; returns what interrupts_restore wants. */
static inline uint32_t interrupts_off(void)
{
    uint32_t old = 0;
    INSTRUCTION("mrs %0, primask\n\tcpsid i" : "=r"(old)::"memory");
    return old;
}

/* As they were before interrupts_off, and none held back by its priority. */
static inline void interrupts_restore(uint32_t old)
{
    const uint32_t none = 0;
    (void)old;
    (void)none;
    INSTRUCTION("msr basepri, %1\n\tmsr primask, %0" ::"r"(old), "r"(none) : "memory");
}

/* Those above a priority come, whatever was off; the numbers are lower the higher the priority is. */
static inline void interrupts_above(uint32_t priority)
{
    (void)priority;
    INSTRUCTION("msr basepri, %0\n\tcpsie i" ::"r"(priority) : "memory");
}

/* Sleep until one is pending, off or not. */
static inline void wait_for_interrupt(void)
{
    INSTRUCTION("wfi" ::: "memory");
}

#endif
