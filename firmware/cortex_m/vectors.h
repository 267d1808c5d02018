/* What every Cortex-M4's vector table begins with: ARMv7-M Architecture Reference Manual, B1.5.2 and B1.5.3. */
#ifndef HIL_CORTEX_M_VECTORS_H
#define HIL_CORTEX_M_VECTORS_H

#include <stddef.h>
#include <stdint.h>

#include "fault.h"
#include "memory.h"
#include "start.h"

typedef void (*vector)(void);

struct core_vectors {
    const void *initial_sp;
    vector exceptions[15];
};

extern const uint8_t _stack_high[]; /* the linker script's */

void SysTick_Handler(void); /* counter.h's, or the board's */

#define CORE_VECTORS(reset) \
    { \
        .initial_sp = _stack_high, \
        .exceptions = { \
            (reset), \
            Unexpected_Handler, /* NMI */ \
            Fault_Handler,      /* HardFault */ \
            Fault_Handler,      /* MemManage */ \
            Fault_Handler,      /* BusFault */ \
            Fault_Handler,      /* UsageFault */ \
            NULL, \
            NULL, \
            NULL, \
            NULL, \
            Unexpected_Handler, /* SVCall */ \
            Unexpected_Handler, /* DebugMonitor */ \
            NULL, \
            PendSV_Handler, \
            SysTick_Handler, \
        }, \
    }

/* A board's whole table is a struct of these, and of as many vectors as its chip has interrupts, in this section. */
#define VECTORS __attribute__((section(".vectors"), used))

#endif
