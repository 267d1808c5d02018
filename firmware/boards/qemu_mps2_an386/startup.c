/* The vector table. */
#include "../../cortex_m/fault.h"
#include "../../cortex_m/memory.h"
#include "../../cortex_m/start.h"
#include "board.h"

#define EXTERNAL_INTERRUPTS 32

extern const uint32_t _stack_high[];

typedef void (*handler)(void);

struct vector_table {
    const void *initial_sp;
    handler core[15];
    handler external[EXTERNAL_INTERRUPTS];
};

__attribute__((section(".vectors"), used)) const struct vector_table vectors = {
    .initial_sp = _stack_high,
    .core = {
        Reset_Handler,
        Unexpected_Handler, /* NMI */
        Fault_Handler,      /* HardFault */
        Fault_Handler,      /* MemManage */
        Fault_Handler,      /* BusFault */
        Fault_Handler,      /* UsageFault */
        NULL,
        NULL,
        NULL,
        NULL,
        Unexpected_Handler, /* SVCall */
        Unexpected_Handler, /* DebugMonitor */
        NULL,
        PendSV_Handler,
        SysTick_Handler,
    },
    .external = {UART0_RX_Handler}, /* no other is ever enabled */
};
