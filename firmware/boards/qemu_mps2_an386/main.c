/* The mps2-an386 of QEMU: UART or memory, a free-running timer as counter, and the port that the runtime asks for. */
#include "board.h"

#include "../../cortex_m/access.h"
#include "../../cortex_m/core.h"
#include "../../cortex_m/fault.h"
#include "../../cortex_m/memory.h"
#include "../../cortex_m/start.h"
#include "../../runtime/model.h"
#include "../../runtime/runtime.h"

struct cmsdk_timer {
    volatile uint32_t ctrl;
    volatile uint32_t value;
    volatile uint32_t reload;
    volatile uint32_t interrupt;
};

#define CLOCK_HZ 25000000u
#define TIMER0 ((struct cmsdk_timer *)0x40000000u) /* DDI 0479, APB timer programmer's model */
#define TIMER_ENABLE 1u
#define GPIO0_DATAOUT 0x40010004u /* DDI 0479, AHB GPIO programmer's model; QEMU has no GPIO, and ignores both */
#define GPIO0_OUTENSET 0x40010010u
#define PIN (1u << 0)

extern const uint8_t _stack_low[], _stack_high[];
extern struct hil_rings _rings; /* in the PSRAM, which can be a file that the host maps too */

static void counter_init(void)
{
    TIMER0->reload = UINT32_MAX;
    TIMER0->value = UINT32_MAX;
    TIMER0->ctrl = TIMER_ENABLE;
}

static uint32_t counter_read(void *ctx)
{
    (void)ctx;
    return UINT32_MAX - TIMER0->value; /* the timer counts down */
}

/* Return at the same phase of a tick every time, so that what runs next always takes the same number of ticks.
 * Under `-icount shift=0` a tick is 40 instructions: readings 41 apart move through a tick one instruction at a
 * time, and a step of two ticks says that this one lies right on an edge. Without icount, give up after a while. */
static void align(void *ctx)
{
    (void)ctx;
    uint32_t before, now, step, tries = 80;
    __asm volatile("ldr %0, [%4]\n\t"
                   "1:\n\t"
                   ".rept 34\n\t"
                   "nop\n\t"
                   ".endr\n\t"
                   "ldr %1, [%4]\n\t"
                   "sub %2, %0, %1\n\t"
                   "mov %0, %1\n\t"
                   "subs %3, %3, #1\n\t"
                   "beq 2f\n\t"
                   "cmp %2, #2\n\t"
                   "bne 1b\n\t"
                   "2:\n\t"
                   : "=&r"(before), "=&r"(now), "=&r"(step), "+&r"(tries)
                   : "r"(&TIMER0->value)
                   : "cc", "memory");
}

static uint32_t mask(void *ctx)
{
    (void)ctx;
    uint32_t old;
    __asm volatile("mrs %0, primask\n\tcpsid i" : "=r"(old)::"memory");
    return old;
}

static void unmask(void *ctx, uint32_t old)
{
    (void)ctx;
    __asm volatile("msr primask, %0" ::"r"(old) : "memory");
}

/* The timing plug-in tells of this store, by the function's name. */
static void pin_put(void *ctx, int high)
{
    (void)ctx;
    register_put(GPIO0_DATAOUT, high ? PIN : 0u);
}

#define PORT(window, receive, send, sleep) \
    { \
        .kind = "qemu_mps2_an386", .clock_hz = CLOCK_HZ, .counter_hz = CLOCK_HZ, .counter = HIL_COUNTER_TIMER, \
        .rx_window = (window), .stack_low = _stack_low, .stack_high = _stack_high, .read = (receive), \
        .write = (send), .wait = (sleep), .cycles = counter_read, .mask = mask, .unmask = unmask, .align = align, \
        .gpio = pin_put, \
    }

static const struct hil_port uart_port = PORT(UART_RING_BYTES, uart_read, uart_write, uart_wait);
static const struct hil_port memory_port = PORT(HIL_RING_BYTES, memory_read, memory_write, memory_wait);
const struct hil_port *board_port;

/* Its interrupt is all that matters: it wakes QEMU's main loop, where the first byte may still wait. */
void SysTick_Handler(void)
{
}

void board_main(void)
{
    counter_init();
    register_put(GPIO0_OUTENSET, PIN);
    uart_init();
    register_put(SYST_RVR, CLOCK_HZ / 1000u - 1u);
    register_put(SYST_CVR, 0);
    register_put(SYST_CSR, SYST_CSR_CLKSOURCE | SYST_CSR_TICKINT | SYST_CSR_ENABLE);
    board_port = memory_begin(&_rings, uart_wake_host) ? &memory_port : &uart_port;
    hil_runtime_run(board_port, &hil_model);
}
