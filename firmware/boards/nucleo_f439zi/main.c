/* ST's NUCLEO-F439ZI: vector table, the pin around inferences, and the port that the runtime asks for.
 *
 * The same image starts on QEMU's netduinoplus2, an STM32F405: what a chip lacks is found out when it starts. */
#include "board.h"

#include "../../cortex_m/access.h"
#include "../../cortex_m/counter.h"
#include "../../cortex_m/fault.h"
#include "../../cortex_m/memory.h"
#include "../../cortex_m/start.h"
#include "../../runtime/model.h"
#include "../../runtime/runtime.h"
#include "registers.h"

#define EXTERNAL_INTERRUPTS 91

typedef void (*handler)(void);

struct vector_table {
    const void *initial_sp;
    handler core[15];
    handler external[EXTERNAL_INTERRUPTS];
};

extern const uint8_t _stack_low[], _stack_high[];

__attribute__((section(".vectors"), used)) const struct vector_table vectors = {
    .initial_sp = _stack_high,
    .core = {
        Reset_Handler,
        Unexpected_Handler, /* NMI */
        Fault_Handler,      /* HardFault */
        Fault_Handler,      /* MemManage */
        Fault_Handler,      /* BusFault */
        Fault_Handler,      /* UsageFault */
        NULL,
        NULL,
        NULL,
        NULL,
        Unexpected_Handler, /* SVCall */
        Unexpected_Handler, /* DebugMonitor */
        NULL,
        PendSV_Handler,
        SysTick_Handler,
    },
    .external = {
        [USART3_IRQ] = USART3_Handler,
        [TIM7_IRQ] = TIM7_Handler, /* no other is ever enabled */
    },
};

/* PF15 is D2 of the Arduino connector. */
static void pin_init(void)
{
    register_set(RCC_AHB1ENR, RCC_AHB1ENR_GPIOFEN);
    (void)register_get(RCC_AHB1ENR); /* the clock is there two cycles later */
    register_change(GPIOF_MODER, GPIOF_MODER_MODER15, GPIOF_MODER_MODER15_OUTPUT);
}

static void pin_put(void *ctx, int high)
{
    (void)ctx;
    register_put(GPIOF_BSRR, high ? GPIOF_BSRR_BS15 : GPIOF_BSRR_BR15);
}

static struct hil_port port = {
    .kind = "nucleo_f439zi",
    .rx_window = UART_WINDOW,
    .stack_low = _stack_low,
    .stack_high = _stack_high,
    .read = uart_read,
    .write = uart_write,
    .wait = uart_wait,
    .cycles = counter_read,
    .mask = counter_mask,
    .unmask = counter_unmask,
    .align = counter_align,
    .gpio = pin_put,
};
const struct hil_port *board_port = &port;

void board_main(void)
{
    port.clock_hz = clock_init();
    port.counter_hz = port.clock_hz;
    port.counter = (uint8_t)counter_init();
    pin_init();
    if (memory_begin(&board_memory.rings, NULL)) { /* through the debug probe, which looks by itself */
        port.rx_window = HIL_RING_BYTES;
        port.read = memory_read;
        port.write = memory_write;
        port.wait = memory_wait;
    } else {
        uart_init(port.clock_hz);
    }
    hil_runtime_run(board_port, &hil_model);
}
