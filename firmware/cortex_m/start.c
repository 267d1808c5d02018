#include "start.h"

#include "access.h"
#include "core.h"

/* Up to the start of RAM, at whose low end the stack lies: an overflow faults. */
#define GUARD_START 0x18000000u

extern uint32_t _data_start[], _data_end[], _bss_start[], _bss_end[];
extern const uint32_t _data_load[];

void Reset_Handler(void)
{
    register_set(SCB_CPACR, SCB_CPACR_FPU);
    register_set(SCB_SHCSR, SCB_SHCSR_FAULTS);
    register_put(MPU_RBAR, GUARD_START | MPU_RBAR_REGION0);
    register_put(MPU_RASR, MPU_RASR_NO_ACCESS_128_MIB);
    register_put(MPU_CTRL, MPU_CTRL_ON_WITH_DEFAULT_MAP);
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
