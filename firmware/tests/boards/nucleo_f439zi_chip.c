/* The STM32F439. It may lack: latency, hse, pll, scale, switch, dma, cycles. */
#include "../../boards/nucleo_f439zi/registers.h"
#include "chip.h"

const struct chip_register chip_begin[] = {
    {FLASH_ACR, 0},
    {RCC_CR, 0x8000u | RCC_CR_HSION | RCC_CR_HSIRDY},
    {RCC_PLLCFGR, 0x24003010u},
    {GPIOD_AFRH, 0xA5A5A5A5u},
    {GPIOD_MODER, 0x55555555u},
    {GPIOF_MODER, 0x55555555u},
    {USART3_SR, 0xC0u},
    {0, 0},
};

uint32_t chip_reads(uint32_t address, uint32_t value)
{
    switch (address) {
    case RCC_CR:
        value = chip_flag(value, RCC_CR_HSEON, RCC_CR_HSERDY, "hse");
        return chip_flag(value, RCC_CR_PLLON, RCC_CR_PLLRDY, "pll");
    case PWR_CSR: /* the scale is that of the running PLL; without its clock the register does not answer */
        return (chip_value(RCC_APB1ENR) & RCC_APB1ENR_PWREN) != 0u &&
                       (chip_value(RCC_CR) & RCC_CR_PLLRDY) != 0u && !chip_lacks("scale")
                   ? PWR_CSR_VOSRDY
                   : 0u;
    case RCC_CFGR:
        return chip_lacks("switch") ? value : (value & ~RCC_CFGR_SWS) | (value & RCC_CFGR_SW) << 2;
    default:
        return value;
    }
}

uint32_t chip_holds(uint32_t address, uint32_t value)
{
    if (address == FLASH_ACR && chip_lacks("latency")) {
        return value & ~FLASH_ACR_LATENCY;
    }
    return (address >> 8) == (DMA1_S1CR >> 8) && chip_lacks("dma") ? 0u : value;
}
