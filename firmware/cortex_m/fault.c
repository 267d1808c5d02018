#include "fault.h"

#include "../runtime/runtime.h"
#include "access.h"
#include "core.h"

#define STACKED_BYTES 32u /* r0 to r3, r12, lr, pc, xpsr; what the FPU adds lies above */

extern const uint32_t _stack_low[], _stack_high[];

/* The report gets a stack of its own: the one that faulted may be full, or its pointer wild. */
uint64_t fault_stack[64] __attribute__((used));

void fault_report(uint32_t sp) __attribute__((noreturn, used));

__attribute__((naked)) void Fault_Handler(void)
{
    __asm volatile("tst lr, #4\n\t" /* EXC_RETURN: which stack the frame went to */
                   "ite eq\n\t"
                   "mrseq r0, msp\n\t"
                   "mrsne r0, psp\n\t"
                   "ldr r1, =fault_stack + 512\n\t"
                   "msr msp, r1\n\t"
                   "b fault_report\n\t");
}

_Static_assert(sizeof fault_stack == 512, "Fault_Handler starts at its end");

void fault_report(uint32_t sp)
{
    const int framed =
        sp % 4u == 0 && sp >= (uintptr_t)_stack_low && sp <= (uintptr_t)_stack_high - STACKED_BYTES;
    const uint32_t *const frame = (const uint32_t *)(uintptr_t)sp;
    const struct hil_fault fault = {
        .lr = framed ? frame[5] : 0u,
        .pc = framed ? frame[6] : 0u,
        .xpsr = framed ? frame[7] : 0u,
        .cfsr = register_get(SCB_CFSR),
        .hfsr = register_get(SCB_HFSR),
        .mmfar = register_get(SCB_MMFAR),
        .bfar = register_get(SCB_BFAR),
        .sp = sp,
    };
    hil_runtime_fault(board_port, &fault);
    for (;;) {
        __asm volatile("wfi");
    }
}
