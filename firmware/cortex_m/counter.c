#include "counter.h"

#include "access.h"
#include "core.h"
#include "instructions.h"

#define LAP_BITS 24u
#define LAP_MASK ((1u << LAP_BITS) - 1u)

static enum hil_counter kind;
static volatile uint32_t laps;

static void start_cycles(void)
{
    register_set(DEMCR, DEMCR_TRCENA);
    register_set(DWT_CTRL, DWT_CTRL_CYCCNTENA);
}

static int cycles_pass(void)
{
    const uint32_t first = register_get(DWT_CYCCNT);
    for (int i = 0; i < 8; i++) {
        if (register_get(DWT_CYCCNT) != first) {
            return 1;
        }
    }
    return 0;
}

enum hil_counter counter_init(void)
{
    start_cycles();
    if (cycles_pass()) {
        kind = HIL_COUNTER_DWT;
        return kind;
    }
    register_put(SYST_RVR, LAP_MASK);
    register_put(SYST_CVR, 0);
    register_put(SYST_CSR, SYST_CSR_CLKSOURCE | SYST_CSR_TICKINT | SYST_CSR_ENABLE);
    kind = HIL_COUNTER_TIMER;
    return kind;
}

void SysTick_Handler(void)
{
    laps = laps + 1u;
}

uint32_t counter_read(void *ctx)
{
    (void)ctx;
    if (kind == HIL_COUNTER_DWT) {
        return register_get(DWT_CYCCNT);
    }
    uint32_t whole, part;
    do {
        whole = laps;
        part = register_get(SYST_CVR); /* counts down; a lap is over when it reaches 0 */
    } while (whole != laps);
    return (whole << LAP_BITS) + ((0u - part) & LAP_MASK);
}

void counter_align(void *ctx)
{
    (void)ctx;
    if (kind == HIL_COUNTER_DWT) {
        start_cycles(); /* a debugger that lets go of the core takes the whole trace unit with it */
        return;
    }
    register_put(SYST_CVR, 0); /* any write: the next tick begins a lap */
    register_put(SCB_ICSR, SCB_ICSR_PENDSTCLR);
    laps = 0;
    interrupts_above(WAITING_PRIORITY);
}

uint32_t counter_mask(void *ctx)
{
    (void)ctx;
    return interrupts_off();
}

void counter_unmask(void *ctx, uint32_t old)
{
    (void)ctx;
    interrupts_restore(old);
}

void counter_enable_interrupt(uint32_t number)
{
    const uint32_t shift = 8u * (number % 4u);
    register_change(NVIC_IPR0 + (number & ~3u), 0xFFu << shift, WAITING_PRIORITY << shift);
    register_put(NVIC_ISER0 + 4u * (number / 32u), 1u << (number % 32u));
}
