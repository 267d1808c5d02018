/* A fault is reported over the link with the registers that tell where and why; then the core stays put. */
#include "board.h"

#include "../../runtime/runtime.h"

#include <stdint.h>

#define SCB_CFSR (*(volatile uint32_t *)0xE000ED28u) /* ARMv7-M B3.2.15 to B3.2.18 */
#define SCB_HFSR (*(volatile uint32_t *)0xE000ED2Cu)
#define SCB_MMFAR (*(volatile uint32_t *)0xE000ED34u)
#define SCB_BFAR (*(volatile uint32_t *)0xE000ED38u)

void fault_report(const uint32_t *frame, uint32_t sp);

/* Hands the stacked frame on. Where the stack pointer left the stack there is no frame to read and nowhere
 * to push: the stack starts again at its top, and the frame is given as NULL. */
__attribute__((naked)) void HardFault_Handler(void)
{
    __asm volatile(
        "tst lr, #4\n\t"
        "ite eq\n\t"
        "mrseq r0, msp\n\t"
        "mrsne r0, psp\n\t"
        "mov r1, r0\n\t"
        "ldr r2, =_stack_low\n\t"
        "cmp r0, r2\n\t"
        "blo 1f\n\t"
        "ldr r2, =_stack_high - 32\n\t"
        "cmp r0, r2\n\t"
        "bhi 1f\n\t"
        "b fault_report\n\t"
        "1:\n\t"
        "movs r0, #0\n\t"
        "ldr r2, =_stack_high\n\t"
        "msr msp, r2\n\t"
        "b fault_report\n\t");
}

/* frame: r0 to r3, r12, lr, pc, xpsr as the core stacked them, or NULL. */
__attribute__((used, noreturn)) void fault_report(const uint32_t *frame, uint32_t sp)
{
    const struct hil_fault fault = {
        .pc = frame != NULL ? frame[6] : 0u,
        .lr = frame != NULL ? frame[5] : 0u,
        .xpsr = frame != NULL ? frame[7] : 0u,
        .cfsr = SCB_CFSR,
        .hfsr = SCB_HFSR,
        .mmfar = SCB_MMFAR,
        .bfar = SCB_BFAR,
        .sp = sp,
    };
    hil_runtime_fault(&board_port, &fault);
    for (;;) {
    }
}
