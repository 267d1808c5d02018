/* The nRF52840. It may lack: hfxo, cycles; and be opened by its UICR. */
#include "../../boards/nrf52840dk/registers.h"
#include "chip.h"

#define RAN_FROM_RC (1u << 16)

const struct chip_register chip_begin[] = {
    {UICR_APPROTECT, 0xFFFFFFFFu},
    {CLOCK_HFCLKSTAT, RAN_FROM_RC},
    {0, 0},
};

uint32_t chip_reads(uint32_t address, uint32_t value)
{
    switch (address) {
    case UICR_APPROTECT:
        return chip_lacks("protection") ? 0xFFFFFF5Au : value;
    case CLOCK_HFCLKSTAT:
        return chip_value(CLOCK_TASKS_HFCLKSTART) != 0u && !chip_lacks("hfxo") ? value | CLOCK_HFCLKSTAT_SRC_XTAL : value;
    default:
        return value;
    }
}

uint32_t chip_holds(uint32_t address, uint32_t value)
{
    (void)address;
    return value;
}
