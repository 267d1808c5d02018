/* Vector table and reset: FPU on, memory as C expects it, then main. */
#include "board.h"

#define SCB_SHCSR (*(volatile uint32_t *)0xE000ED24u) /* ARMv7-M ARM, B3.2.13 */
#define SHCSR_FAULTS_ENABLE (7u << 16)                /* UsageFault, BusFault, MemManage */
#define CPACR (*(volatile uint32_t *)0xE000ED88u)     /* ARMv7-M ARM, B3.2.20 */
#define CPACR_FPU (0xFu << 20)                        /* CP10 and CP11: full access */
#define EXTERNAL_INTERRUPTS 32

#define MPU_CTRL (*(volatile uint32_t *)0xE000ED94u) /* ARMv7-M ARM, B3.5 */
#define MPU_RBAR (*(volatile uint32_t *)0xE000ED9Cu)
#define MPU_RASR (*(volatile uint32_t *)0xE000EDA0u)
#define MPU_ON_WITH_DEFAULT_MAP 5u
#define RBAR_GUARD (0x18000000u | 1u << 4)    /* region 0, up to the start of RAM */
#define RASR_GUARD (1u << 28 | 26u << 1 | 1u) /* 128 MiB, no access, nothing to execute */

extern uint32_t _data_start[], _data_end[], _bss_start[], _bss_end[];
extern const uint32_t _data_load[], _stack_high[];

void Reset_Handler(void) __attribute__((noreturn));
void Unexpected_Handler(void);

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
        Unexpected_Handler, /* PendSV */
        SysTick_Handler,
    },
    .external = {UART0_RX_Handler}, /* no other is ever enabled */
};

void Reset_Handler(void)
{
    CPACR |= CPACR_FPU;
    SCB_SHCSR |= SHCSR_FAULTS_ENABLE;
    /* Below RAM, where an overflowing stack goes, QEMU's machine swallows writes: let the MPU object. */
    MPU_RBAR = RBAR_GUARD;
    MPU_RASR = RASR_GUARD;
    MPU_CTRL = MPU_ON_WITH_DEFAULT_MAP;
    __asm volatile("dsb\n\tisb" ::: "memory");

    const uint32_t *from = _data_load;
    for (uint32_t *to = _data_start; to < _data_end; to++) {
        *to = *from++;
    }
    for (uint32_t *to = _bss_start; to < _bss_end; to++) {
        *to = 0;
    }
    board_main();
}

void Unexpected_Handler(void)
{
    __asm volatile("udf #0"); /* ends in Fault_Handler, which reports where */
}
