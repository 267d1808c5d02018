/* Registers by address. A test on the host puts a model of the chip in their place. */
#ifndef HIL_CORTEX_M_ACCESS_H
#define HIL_CORTEX_M_ACCESS_H

#include <stdint.h>

#ifdef HIL_REGISTER_MODEL

uint32_t register_get(uint32_t address);
void register_put(uint32_t address, uint32_t value);

#else

static inline uint32_t register_get(uint32_t address)
{
    return *(volatile uint32_t *)(uintptr_t)address;
}

static inline void register_put(uint32_t address, uint32_t value)
{
    *(volatile uint32_t *)(uintptr_t)address = value;
}

#endif

static inline void register_set(uint32_t address, uint32_t bits)
{
    register_put(address, register_get(address) | bits);
}

static inline void register_change(uint32_t address, uint32_t mask, uint32_t bits)
{
    register_put(address, (register_get(address) & ~mask) | bits);
}

/* Whether the bits are soon as wanted: nothing waits for ever for a part that a chip may lack. */
static inline int register_await(uint32_t address, uint32_t mask, uint32_t wanted)
{
    for (uint32_t tries = 0; tries < 20000u; tries++) { /* at least 20 ms at 4 MHz, 2 ms at 80 */
        if ((register_get(address) & mask) == wanted) {
            return 1;
        }
    }
    return 0;
}

#endif
