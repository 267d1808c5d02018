/* What the core starts with: the debug port stays open where it was, the cache is on, the crystal drives the clock.
 * nRF52840 product specification, "Debug and trace", "NVMC" and "CLOCK".
 *
 * The core runs at 64 MHz in any case: at first by the internal oscillator, which may be wrong by some per cent. */
#include "board.h"

#include "../../cortex_m/access.h"
#include "registers.h"

#define ROUNDS 8 /* crystals take 0.4 ms and more to start: there are some 20 ms for them */

/* From build code Fxx on the chip locks its debug port at a reset, unless UICR and the firmware both say otherwise:
 * who opened it for good, by UICR, finds it open. */
static void keep_debug_port_open(void)
{
    if ((register_get(UICR_APPROTECT) & UICR_APPROTECT_PALL) == UICR_APPROTECT_PALL_HWDISABLED) {
        register_put(APPROTECT_DISABLE, APPROTECT_DISABLE_DISABLE_SWDISABLE);
    }
}

uint32_t clock_init(void)
{
    keep_debug_port_open();
    register_put(NVMC_ICACHECNF, NVMC_ICACHECNF_CACHEEN);
    register_put(CLOCK_TASKS_HFCLKSTART, CLOCK_TASKS_HFCLKSTART_TASKS_HFCLKSTART);
    for (int round = 0; round < ROUNDS; round++) {
        if (register_await(CLOCK_HFCLKSTAT, CLOCK_HFCLKSTAT_SRC | CLOCK_HFCLKSTAT_STATE,
                           CLOCK_HFCLKSTAT_SRC_XTAL | CLOCK_HFCLKSTAT_STATE)) {
            return CORE_HZ;
        }
    }
    return 0;
}
