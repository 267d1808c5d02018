/* Registers of 8 and 16 bits, which this chip reads and writes by their width alone. */
#ifndef HIL_NARROW_H
#define HIL_NARROW_H

#include "../../cortex_m/access.h"

#ifdef HIL_REGISTER_MODEL

static inline uint32_t register_get8(uint32_t address)
{
    return register_get(address);
}

static inline uint32_t register_get16(uint32_t address)
{
    return register_get(address);
}

static inline void register_put8(uint32_t address, uint32_t value)
{
    register_put(address, value & 0xFFu);
}

static inline void register_put16(uint32_t address, uint32_t value)
{
    register_put(address, value & 0xFFFFu);
}

#else

static inline uint32_t register_get8(uint32_t address)
{
    return *(volatile uint8_t *)(uintptr_t)address;
}

static inline uint32_t register_get16(uint32_t address)
{
    return *(volatile uint16_t *)(uintptr_t)address;
}

static inline void register_put8(uint32_t address, uint32_t value)
{
    *(volatile uint8_t *)(uintptr_t)address = (uint8_t)value;
}

static inline void register_put16(uint32_t address, uint32_t value)
{
    *(volatile uint16_t *)(uintptr_t)address = (uint16_t)value;
}

#endif

static inline void register_change8(uint32_t address, uint32_t mask, uint32_t bits)
{
    register_put8(address, (register_get8(address) & ~mask) | bits);
}

/* As register_await. */
static inline int register_await8(uint32_t address, uint32_t mask, uint32_t wanted)
{
    for (uint32_t tries = 0; tries < 20000u; tries++) { /* at least 3 ms at 21 MHz */
        if ((register_get8(address) & mask) == wanted) {
            return 1;
        }
    }
    return 0;
}

#endif
