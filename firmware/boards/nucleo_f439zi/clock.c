/* The clock tree, from the 16 MHz of HSI after reset: RM0090, "RCC", "PWR" and "Read access latency".
 *
 * At 2.7 to 3.6 V flash takes five wait states above 150 MHz. 168 MHz is the most without over-drive, in the regulator's
 * scale 1, as after reset, which comes into force once the PLL is on. Whatever does not get ready is gone around; the
 * handshake tells which clock it became. */
#include "board.h"

#include "../../cortex_m/access.h"
#include "registers.h"

#define FLASH_CACHES (FLASH_ACR_PRFTEN | FLASH_ACR_ICEN | FLASH_ACR_DCEN)

static int set_wait_states(uint32_t count)
{
    register_put(FLASH_ACR, FLASH_CACHES | count);
    return register_await(FLASH_ACR, FLASH_ACR_LATENCY, count);
}

/* Whether the ST-LINK's 8 MHz come in: no crystal, so the oscillator is bypassed. */
static int external_ready(void)
{
    register_set(RCC_CR, RCC_CR_HSEBYP);
    register_set(RCC_CR, RCC_CR_HSEON);
    return register_await(RCC_CR, RCC_CR_HSERDY, RCC_CR_HSERDY);
}

/* Whether the core now runs at 168 MHz: the PLL makes 336 of 2 MHz, which `source` and its divisor give. */
static int run_from_pll(uint32_t source)
{
    register_change(RCC_CR, RCC_CR_PLLON, 0);
    if (!register_await(RCC_CR, RCC_CR_PLLRDY, 0)) {
        return 0;
    }
    register_change(RCC_PLLCFGR,
                    RCC_PLLCFGR_PLLSRC | RCC_PLLCFGR_PLLM | RCC_PLLCFGR_PLLN | RCC_PLLCFGR_PLLP | RCC_PLLCFGR_PLLQ,
                    source | RCC_PLLCFGR_PLLN_168 | RCC_PLLCFGR_PLLQ_7);
    register_set(RCC_CR, RCC_CR_PLLON);
    if (!register_await(RCC_CR, RCC_CR_PLLRDY, RCC_CR_PLLRDY) ||
        !register_await(PWR_CSR, PWR_CSR_VOSRDY, PWR_CSR_VOSRDY)) {
        return 0;
    }
    register_change(RCC_CFGR, RCC_CFGR_PPRE1 | RCC_CFGR_PPRE2, RCC_CFGR_PPRE1_DIV4 | RCC_CFGR_PPRE2_DIV2);
    register_change(RCC_CFGR, RCC_CFGR_SW, RCC_CFGR_SW_PLL);
    if (register_await(RCC_CFGR, RCC_CFGR_SWS, RCC_CFGR_SWS_PLL)) {
        return 1;
    }
    register_change(RCC_CFGR, RCC_CFGR_SW | RCC_CFGR_PPRE1 | RCC_CFGR_PPRE2, 0); /* HSI, and the buses as fast */
    return 0;
}

uint32_t clock_init(void)
{
    register_set(RCC_APB1ENR, RCC_APB1ENR_PWREN);
    if (set_wait_states(5) &&
        ((external_ready() && run_from_pll(RCC_PLLCFGR_PLLSRC_HSE | RCC_PLLCFGR_PLLM_4)) ||
         run_from_pll(RCC_PLLCFGR_PLLM_8))) { /* HSI */
        return 168000000u;
    }
    return 16000000u;
}
