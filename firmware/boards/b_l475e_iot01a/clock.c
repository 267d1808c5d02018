/* The clock tree, from the 4 MHz of MSI after reset: RM0351, "RCC" and "FLASH, read access latency".
 *
 * Voltage range 1, as after reset: up to 16 MHz without wait states, 48 MHz with two, 80 MHz with four. Whatever does
 * not get ready is gone around; the handshake tells which clock it became. */
#include "board.h"

#include "../../cortex_m/access.h"
#include "registers.h"

#define FLASH_CACHES (FLASH_ACR_PRFTEN | FLASH_ACR_ICEN | FLASH_ACR_DCEN)

/* Whether flash now waits that often. QEMU's machine has no flash interface, and nothing to wait for: it reads 0,
 * which the chip never does with its caches on. */
static int set_wait_states(uint32_t count)
{
    register_put(FLASH_ACR, FLASH_CACHES | count);
    return register_get(FLASH_ACR) == 0u || register_await(FLASH_ACR, FLASH_ACR_LATENCY, count);
}

/* Whether the core now runs at the 80 MHz of the PLL, fed by a clock that is ready. */
static int run_from_pll(uint32_t source)
{
    register_change(RCC_CR, RCC_CR_PLLON, 0);
    if (!register_await(RCC_CR, RCC_CR_PLLRDY, 0)) {
        return 0;
    }
    register_change(RCC_PLLCFGR, RCC_PLLCFGR_PLLSRC | RCC_PLLCFGR_PLLM | RCC_PLLCFGR_PLLN | RCC_PLLCFGR_PLLR,
                    source | RCC_PLLCFGR_PLLREN);
    register_set(RCC_CR, RCC_CR_PLLON);
    if (!register_await(RCC_CR, RCC_CR_PLLRDY, RCC_CR_PLLRDY)) {
        return 0;
    }
    register_change(RCC_CFGR, RCC_CFGR_SW, RCC_CFGR_SW_PLL);
    return register_await(RCC_CFGR, RCC_CFGR_SWS, RCC_CFGR_SWS_PLL);
}

uint32_t clock_init(void)
{
    if (set_wait_states(4)) {
        register_set(RCC_CR, RCC_CR_HSION);
        if (register_await(RCC_CR, RCC_CR_HSIRDY, RCC_CR_HSIRDY) &&
            run_from_pll(RCC_PLLCFGR_PLLSRC_HSI16 | RCC_PLLCFGR_PLLN_10)) { /* 16 MHz * 10 / 2 */
            return 80000000u;
        }
        if (run_from_pll(RCC_PLLCFGR_PLLSRC_MSI | RCC_PLLCFGR_PLLN_40)) { /* 4 MHz * 40 / 2 */
            return 80000000u;
        }
        register_change(RCC_CFGR, RCC_CFGR_SW, 0); /* MSI, whose range may change while it is ready */
        if (register_await(RCC_CR, RCC_CR_MSIRDY, RCC_CR_MSIRDY)) {
            register_change(RCC_CR, RCC_CR_PLLON, RCC_CR_MSIRGSEL);
            register_change(RCC_CR, RCC_CR_MSIRANGE, RCC_CR_MSIRANGE_48_MHZ);
            (void)register_await(RCC_CR, RCC_CR_MSIRDY, RCC_CR_MSIRDY);
            return 48000000u;
        }
    }
    return 4000000u; /* too slow for the port's rate; the debugger still finds it alive */
}
