#include "chip.h"

#include "../../cortex_m/access.h"
#include "../../cortex_m/core.h"
#include "../../cortex_m/counter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST 128

uint32_t clock_init(void); /* the board's */
void uart_init(uint32_t clock_hz);

__attribute__((weak)) void chip_reset(void)
{
}

static struct chip_register held[MOST];
static int count;
static uint32_t reads;
static char **lacking;

int chip_lacks(const char *what)
{
    for (char **one = lacking; *one != NULL; one++) {
        if (strcmp(*one, what) == 0) {
            return 1;
        }
    }
    return 0;
}

static uint32_t *find(uint32_t address)
{
    for (int i = 0; i < count; i++) {
        if (held[i].address == address) {
            return &held[i].value;
        }
    }
    if (count == MOST) {
        fprintf(stderr, "more than %d registers\n", MOST);
        exit(1);
    }
    held[count].address = address;
    return &held[count++].value;
}

uint32_t chip_value(uint32_t address)
{
    return *find(address);
}

uint32_t chip_flag(uint32_t value, uint32_t on, uint32_t flag, const char *what)
{
    if (reads % 2u != 0u) {
        return value;
    }
    return (value & on) != 0u && !chip_lacks(what) ? value | flag : value & ~flag;
}

uint32_t register_get(uint32_t address)
{
    uint32_t *const value = find(address);
    reads++;
    if (address == DWT_CYCCNT && !chip_lacks("cycles") && (chip_value(DEMCR) & DEMCR_TRCENA) != 0u) {
        *value += 7u;
    }
    return *value = chip_reads(address, *value);
}

void register_put(uint32_t address, uint32_t value)
{
    printf("%08x %08x\n", (unsigned)address, (unsigned)value);
    *find(address) = chip_holds(address, value);
}

int main(int argc, char **argv)
{
    (void)argc;
    lacking = argv + 1;
    for (const struct chip_register *one = chip_begin; one->address != 0u; one++) {
        *find(one->address) = one->value;
    }
    chip_reset();
    const uint32_t clock_hz = clock_init();
    const enum hil_counter counter = counter_init();
    uart_init(clock_hz);
    printf("clock %u counter %d\n", (unsigned)clock_hz, (int)counter);
    return 0;
}
