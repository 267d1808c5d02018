/* NXP's FRDM-K64F: vector table, flash configuration and the pin around inferences. */
#include "board.h"

#include "../../cortex_m/access.h"
#include "../../cortex_m/vectors.h"
#include "registers.h"

#define EXTERNAL_INTERRUPTS 86

/* Beside the serial port's ring, which has to lie at a multiple of its size (link.ld). */
static struct hil_rings rings __attribute__((section(".rings")));

static _Noreturn void reset(void)
{
    watchdog_off(); /* which gives no time for anything else before it */
    Reset_Handler();
}

VECTORS const struct {
    struct core_vectors core;
    vector external[EXTERNAL_INTERRUPTS];
} vectors = {
    .core = CORE_VECTORS(reset),
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
void pin_init(void)
{
    register_set(SIM_SCGC5, SIM_SCGC5_PORTB);
    (void)register_get(SIM_SCGC5);
    register_put(PORTB_PCR9, PORTB_PCR9_MUX_GPIO);
    register_set(GPIOB_PDDR, GPIOB_PDDR_PDD_9);
}

void pin_put(void *ctx, int high)
{
    (void)ctx;
    if (high) {
        register_put(GPIOB_PSOR, GPIOB_PSOR_PTSO_9);
    } else {
        register_put(GPIOB_PCOR, GPIOB_PCOR_PTCO_9);
    }
}

static struct hil_port port = SILICON_PORT("frdm_k64f", UART_WINDOW, 0);
const struct hil_port *board_port = &port;

void board_main(void)
{
    silicon_run(&port, &rings);
}
