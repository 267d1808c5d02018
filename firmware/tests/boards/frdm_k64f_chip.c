/* The MK64FN1M0VLL12 on its board. It may lack: phy, external, pll, lock, switch, range, dma, cycles. */
#include "../../boards/frdm_k64f/board.h"
#include "../../boards/frdm_k64f/registers.h"
#include "chip.h"

#define TRIM 0x1Bu /* of the internal reference, which every chip has another of */

const struct chip_register chip_begin[] = {
    {WDOG_STCTRLH, 0x1D3u},
    {SIM_SCGC5, 0x40182u},
    {SIM_SCGC6, 0x40000001u},
    {SIM_SCGC7, 0x6u},
    {SIM_CLKDIV1, 0x10000u},
    {MCG_C1, 0x04u},
    {MCG_C2, 0x80u},
    {MCG_C4, TRIM},
    {MCG_S, 0x10u},
    {UART0_S1, 0xC0u},
    {0, 0},
};

void chip_reset(void)
{
    watchdog_off();
}

/* What the switches of MCG_C1 and MCG_C6 come to. */
static uint32_t mcg_status(uint32_t value)
{
    const uint32_t c1 = chip_value(MCG_C1);
    const uint32_t c6 = chip_value(MCG_C6);
    const uint32_t clks = c1 & MCG_C1_CLKS;
    if ((c1 & MCG_C1_IREFS) != 0u) {
        value |= MCG_S_IREFST;
    } else if (!chip_lacks("phy")) {
        value &= ~MCG_S_IREFST;
    }
    value = chip_flag(value, (c6 & MCG_C6_PLLS) != 0u ? ~0u : 0u, MCG_S_PLLST, "pll");
    value = chip_flag(value, (c6 & MCG_C6_PLLS) != 0u ? ~0u : 0u, MCG_S_LOCK0, "lock");
    if (clks == MCG_C1_CLKS_EXTERNAL) {
        return chip_lacks("external") ? value : (value & ~MCG_S_CLKST) | MCG_S_CLKST_EXTERNAL;
    }
    if ((value & MCG_S_PLLST) == 0u) {
        return value & ~MCG_S_CLKST;
    }
    return chip_lacks("switch") ? value : value | MCG_S_CLKST_PLL;
}

uint32_t chip_reads(uint32_t address, uint32_t value)
{
    if (address == MCG_S) {
        return mcg_status(value);
    }
    return address == MCG_C4 && chip_lacks("range") ? value & ~MCG_C4_DRST_DRS : value;
}

uint32_t chip_holds(uint32_t address, uint32_t value)
{
    return (address >> 12) == (DMA_TCD0_SADDR >> 12) && chip_lacks("dma") ? 0u : value;
}
