/* The STM32L475. It may lack: flash, latency, hsi, pll, switch, dma, cycles. */
#include "../../boards/b_l475e_iot01a/registers.h"
#include "chip.h"

const struct chip_register chip_begin[] = {
    {FLASH_ACR, FLASH_ACR_ICEN | FLASH_ACR_DCEN},
    {RCC_CR, RCC_CR_MSION | RCC_CR_MSIRDY | 6u << 4},
    {RCC_PLLCFGR, 10u << 8 | 1u << 4},
    {GPIOB_MODER, 0xFFFFFEBFu},
    {GPIOB_PUPDR, 0x100u},
    {GPIOD_MODER, 0xFFFFFFFFu},
    {0, 0},
};

uint32_t chip_reads(uint32_t address, uint32_t value)
{
    switch (address) {
    case FLASH_ACR:
        return chip_lacks("flash") ? 0u : value;
    case RCC_CR:
        value = chip_flag(value, RCC_CR_HSION, RCC_CR_HSIRDY, "hsi");
        return chip_flag(value, RCC_CR_PLLON, RCC_CR_PLLRDY, "pll");
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
    return (address >> 8) == (DMA1_IFCR >> 8) && chip_lacks("dma") ? 0u : value;
}
