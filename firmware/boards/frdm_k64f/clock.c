/* The clock tree: from the FLL's 21 MHz after reset, by the 50 MHz that the Ethernet PHY sends, to the PLL's 120 MHz.
 * K64P144M120SF5RM, "MCG" and "SIM"; in its words FEI, FEE, FBE, PBE, PEE.
 *
 * Whatever does not get ready is gone around; the handshake tells which clock it became. Flash needs nothing else: its
 * wait states follow from the dividers, its buffers, prefetch and caches are on after reset. */
#include "board.h"

#include "narrow.h"
#include "registers.h"

#define WAITS_FOR_PHY 32 /* it shares the chip's reset, and may start later: at least 100 ms */

/* Whether the FLL follows the PHY's clock. Its own stays the core's meanwhile, which a dead one would stop for good. */
static int external_is_there(void)
{
    /* 50 MHz / 1536 is 32.6 kHz. Erratum e7993: while its reference changes, the FLL may run too fast for good unless
     * its range changes, too. */
    const uint32_t range = register_get8(MCG_C4);
    register_change8(MCG_C2, MCG_C2_RANGE | MCG_C2_EREFS, MCG_C2_RANGE_VERY_HIGH);
    register_put8(MCG_C4, range ^ MCG_C4_DMX32);
    register_change8(MCG_C1, MCG_C1_IREFS | MCG_C1_FRDIV, MCG_C1_FRDIV_1536);
    int there = 0;
    for (int waits = 0; waits < WAITS_FOR_PHY && !there; waits++) {
        there = register_await8(MCG_S, MCG_S_IREFST, 0);
    }
    if (!there) {
        register_change8(MCG_C1, MCG_C1_IREFS, MCG_C1_IREFS);
        (void)register_await8(MCG_S, MCG_S_IREFST, MCG_S_IREFST);
    }
    register_put8(MCG_C4, range);
    return there;
}

/* Whether the core's clock now comes from there. */
static int switch_to(uint32_t source, uint32_t status)
{
    register_change8(MCG_C1, MCG_C1_CLKS, source);
    return register_await8(MCG_S, MCG_S_CLKST, status);
}

/* Whether the PLL makes 120 MHz of the external 50: divided by 20, multiplied by 48. */
static int pll_locks(void)
{
    register_change8(MCG_C5, MCG_C5_PRDIV0, MCG_C5_PRDIV0_20);
    register_change8(MCG_C6, MCG_C6_VDIV0 | MCG_C6_PLLS, MCG_C6_VDIV0_48 | MCG_C6_PLLS);
    return register_await8(MCG_S, MCG_S_PLLST, MCG_S_PLLST) && register_await8(MCG_S, MCG_S_LOCK0, MCG_S_LOCK0);
}

uint32_t clock_init(void)
{
    /* Before the core gets faster: bus 60, FlexBus 40, flash 24 MHz of 120. */
    register_put(SIM_CLKDIV1, SIM_CLKDIV1_OUTDIV2_2 | SIM_CLKDIV1_OUTDIV3_3 | SIM_CLKDIV1_OUTDIV4_5);
    if (external_is_there()) {
        if (switch_to(MCG_C1_CLKS_EXTERNAL, MCG_S_CLKST_EXTERNAL)) {
            if (pll_locks()) {
                if (switch_to(MCG_C1_CLKS_FLL_OR_PLL, MCG_S_CLKST_PLL)) {
                    return 120000000u;
                }
                (void)switch_to(MCG_C1_CLKS_EXTERNAL, MCG_S_CLKST_EXTERNAL);
            }
            return 50000000u;
        }
        register_change8(MCG_C1, MCG_C1_CLKS | MCG_C1_IREFS, MCG_C1_CLKS_FLL_OR_PLL | MCG_C1_IREFS);
        (void)register_await8(MCG_S, MCG_S_IREFST | MCG_S_CLKST, MCG_S_IREFST);
    }
    register_change8(MCG_C4, MCG_C4_DMX32 | MCG_C4_DRST_DRS, MCG_C4_DRST_DRS_HIGH);
    if (register_await8(MCG_C4, MCG_C4_DRST_DRS, MCG_C4_DRST_DRS_HIGH)) {
        return 83886080u; /* 32,768 Hz * 2560, as exact as the internal reference is */
    }
    return 20971520u;
}
