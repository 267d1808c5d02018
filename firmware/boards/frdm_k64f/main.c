/* NXP's FRDM-K64F: vector table, flash configuration, the pin around inferences, and the port that the runtime asks for. */
#include "board.h"

#include "../../cortex_m/access.h"
#include "../../cortex_m/counter.h"
#include "../../cortex_m/fault.h"
#include "../../cortex_m/memory.h"
#include "../../cortex_m/start.h"
#include "../../runtime/model.h"
#include "../../runtime/runtime.h"
#include "registers.h"

#define EXTERNAL_INTERRUPTS 86

typedef void (*handler)(void);

struct vector_table {
    const void *initial_sp;
    handler core[15];
    handler external[EXTERNAL_INTERRUPTS];
};

extern const uint8_t _stack_low[], _stack_high[];

/* Beside the serial port's ring, which has to lie at a multiple of its size (link.ld). */
static struct hil_rings rings __attribute__((section(".rings")));

static _Noreturn void reset(void)
{
    watchdog_off(); /* which gives no time for anything else before it */
    Reset_Handler();
}

__attribute__((section(".vectors"), used)) const struct vector_table vectors = {
    .initial_sp = _stack_high,
    .core = {
        reset,
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
        [DMA0_IRQ] = DMA0_Handler,
        [UART0_RX_TX_IRQ] = UART0_RX_TX_Handler,
        [UART0_ERR_IRQ] = UART0_ERR_Handler, /* no other is ever enabled */
    },
};

/* The chip reads this at reset, at 0x400 (link.ld). FSEC 0xFE: readable, mass erase allowed. Any other value there may
 * lock the chip for good. */
__attribute__((section(".flash_config"), used)) const uint8_t flash_config[16] = {
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, /* backdoor key */
    0xFF, 0xFF, 0xFF, 0xFF,                         /* FPROT: nothing write-protected */
    0xFE,                                           /* FSEC */
    0xFF, 0xFF, 0xFF,                               /* FOPT, FEPROT, FDPROT */
};

/* PTB9 is D2 of the Arduino connector. */
static void pin_init(void)
{
    register_set(SIM_SCGC5, SIM_SCGC5_PORTB);
    (void)register_get(SIM_SCGC5);
    register_put(PORTB_PCR9, PORTB_PCR9_MUX_GPIO);
    register_set(GPIOB_PDDR, GPIOB_PDDR_PDD_9);
}

static void pin_put(void *ctx, int high)
{
    (void)ctx;
    if (high) {
        register_put(GPIOB_PSOR, GPIOB_PSOR_PTSO_9);
    } else {
        register_put(GPIOB_PCOR, GPIOB_PCOR_PTCO_9);
    }
}

static struct hil_port port = {
    .kind = "frdm_k64f",
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
    if (memory_begin(&rings, NULL)) { /* through the debug probe, which looks by itself */
        port.rx_window = HIL_RING_BYTES;
        port.read = memory_read;
        port.write = memory_write;
        port.wait = memory_wait;
    } else {
        uart_init(port.clock_hz);
    }
    hil_runtime_run(board_port, &hil_model);
}
