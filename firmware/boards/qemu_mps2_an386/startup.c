/* Vector table and reset: FPU on, memory as C expects it, then main. */
#include "board.h"

#include <stddef.h>
#include <stdint.h>

#define CPACR (*(volatile uint32_t *)0xE000ED88u) /* ARMv7-M B3.2.20 */
#define EXTERNAL_INTERRUPTS 32

extern uint32_t _data_start, _data_end, _bss_start, _bss_end;
extern const uint32_t _data_load;
extern uint8_t _stack_high;

void Reset_Handler(void);
void Unexpected_Handler(void);

typedef void (*handler)(void);

struct vector_table {
    const void *initial_sp;
    handler core[15];
    handler external[EXTERNAL_INTERRUPTS];
};

__attribute__((section(".vectors"), used)) const struct vector_table vectors = {
    .initial_sp = &_stack_high,
    .core = {
        Reset_Handler,
        Unexpected_Handler, /* NMI */
        HardFault_Handler,
        HardFault_Handler, /* MemManage, BusFault, UsageFault: not enabled, they escalate */
        HardFault_Handler,
        HardFault_Handler,
        NULL, NULL, NULL, NULL,
        Unexpected_Handler, /* SVCall */
        Unexpected_Handler, /* DebugMonitor */
        NULL,
        Unexpected_Handler, /* PendSV */
        SysTick_Handler,
    },
    .external = {UART0_RX_Handler}, /* no other is ever enabled */
};

void Reset_Handler(void)
{
    CPACR |= 0xFu << 20; /* CP10 and CP11: full access */
    __asm volatile("dsb\n\tisb" ::: "memory");

    const uint32_t *from = &_data_load;
    for (uint32_t *to = &_data_start; to < &_data_end; to++) {
        *to = *from++;
    }
    for (uint32_t *to = &_bss_start; to < &_bss_end; to++) {
        *to = 0;
    }
    board_main();
}

void Unexpected_Handler(void)
{
    __asm volatile("udf #0"); /* ends in HardFault_Handler, which reports where */
}
