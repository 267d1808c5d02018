/* The discovery kit's start-up on the host: registers are a model, and every write is told, in its order.
 *
 * Arguments name what the chip lacks, or what does not get ready: flash, latency, hsi, pll, switch, dma, cycles. */
#include "../../boards/b_l475e_iot01a/board.h"
#include "../../boards/b_l475e_iot01a/registers.h"
#include "../../cortex_m/access.h"
#include "../../cortex_m/core.h"
#include "../../cortex_m/counter.h"

#include <stdio.h>
#include <string.h>

#define MOST 64

struct reg {
    uint32_t address;
    uint32_t value;
};

static struct reg regs[MOST] = {
    {FLASH_ACR, FLASH_ACR_ICEN | FLASH_ACR_DCEN},
    {RCC_CR, RCC_CR_MSION | RCC_CR_MSIRDY | 6u << 4},
    {RCC_PLLCFGR, 10u << 8 | 1u << 4},
    {GPIOB_MODER, 0xFFFFFEBFu},
    {GPIOB_PUPDR, 0x100u},
    {GPIOD_MODER, 0xFFFFFFFFu},
};
static int argc_;
static char **argv_;
static uint32_t reads;

static int lacks(const char *what)
{
    for (int i = 1; i < argc_; i++) {
        if (strcmp(argv_[i], what) == 0) {
            return 1;
        }
    }
    return 0;
}

static struct reg *find(uint32_t address)
{
    for (int i = 0; i < MOST; i++) {
        if (regs[i].address == address || regs[i].address == 0u) {
            regs[i].address = address;
            return &regs[i];
        }
    }
    return &regs[MOST - 1];
}

/* A flag follows its switch only at the second look. */
static void ready(struct reg *reg, uint32_t on, uint32_t flag, const char *what)
{
    if (reads % 2u == 0u) {
        reg->value = (reg->value & on) != 0u && !lacks(what) ? reg->value | flag : reg->value & ~flag;
    }
}

uint32_t register_get(uint32_t address)
{
    struct reg *const reg = find(address);
    reads++;
    if (address == RCC_CR) {
        ready(reg, RCC_CR_HSION, RCC_CR_HSIRDY, "hsi");
        ready(reg, RCC_CR_PLLON, RCC_CR_PLLRDY, "pll");
    }
    if (address == RCC_CFGR && !lacks("switch")) {
        reg->value = (reg->value & ~RCC_CFGR_SWS) | (reg->value & RCC_CFGR_SW) << 2;
    }
    if (address == DWT_CYCCNT && !lacks("cycles") && (find(DEMCR)->value & DEMCR_TRCENA) != 0u) {
        reg->value += 7u;
    }
    return reg->value;
}

void register_put(uint32_t address, uint32_t value)
{
    printf("%08x %08x\n", (unsigned)address, (unsigned)value);
    if (address == FLASH_ACR && lacks("flash")) {
        value = 0;
    }
    if (address == FLASH_ACR && lacks("latency")) {
        value &= ~FLASH_ACR_LATENCY;
    }
    if ((address >> 8) == (DMA1_IFCR >> 8) && lacks("dma")) {
        value = 0;
    }
    find(address)->value = value;
}

int main(int argc, char **argv)
{
    argc_ = argc;
    argv_ = argv;
    if (lacks("flash")) {
        find(FLASH_ACR)->value = 0;
    }
    const uint32_t clock_hz = clock_init();
    const enum hil_counter counter = counter_init();
    uart_init(clock_hz);
    printf("clock %u counter %d\n", (unsigned)clock_hz, (int)counter);
    return 0;
}
