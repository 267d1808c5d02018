/* A firmware for tests: says its name on UART0, then counts for ever. Built by build.sh beside it. */
#include <stdint.h>

#define UART_STATE (*(volatile uint32_t *)0x40004004u) /* CMSDK APB UART: DATA, STATE, CTRL, -, BAUDDIV */
#define UART_DATA (*(volatile uint32_t *)0x40004000u)
#define UART_CTRL (*(volatile uint32_t *)0x40004008u)
#define UART_BAUDDIV (*(volatile uint32_t *)0x40004010u)
#define CPACR (*(volatile uint32_t *)0xE000ED88u)
#define UART_TX_FULL 1u

void reset(void);
void fault(void);
void tick(void);

volatile uint32_t counter;
volatile float total;

__attribute__((section(".vectors"), used)) static const uintptr_t vectors[16] = {
    0x20004000u, (uintptr_t)reset, (uintptr_t)fault, (uintptr_t)fault, (uintptr_t)fault,
    (uintptr_t)fault, (uintptr_t)fault,
};

/* Several pages, none of them blank. */
__asm(".section .rodata.fill, \"a\"\n.fill 3000, 4, " FILL "\n.text");

void fault(void)
{
    for (;;) {
    }
}

__attribute__((noinline)) void tick(void)
{
    counter++;
    total += 1.5f;
}

void reset(void)
{
    CPACR |= 0xFu << 20;
    counter = 0;
    total = 0.0f;
    UART_BAUDDIV = 16u;
    UART_CTRL = 1u;
    for (const char *c = NAME "\n"; *c != '\0'; c++) {
        while ((UART_STATE & UART_TX_FULL) != 0u) {
        }
        UART_DATA = (uint32_t)*c;
    }
    for (;;) {
        tick();
    }
}
