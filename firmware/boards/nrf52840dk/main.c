/* Nordic's nRF52840 DK (PCA10056): vector table and the pin around inferences. */
#include "board.h"

#include "../../cortex_m/access.h"
#include "../../cortex_m/vectors.h"
#include "registers.h"

#define EXTERNAL_INTERRUPTS 48

VECTORS const struct {
    struct core_vectors core;
    vector external[EXTERNAL_INTERRUPTS];
} vectors = {
    .core = CORE_VECTORS(Reset_Handler),
    .external = {
        [UARTE0_UART0_IRQ] = UARTE0_Handler, /* no other is ever enabled */
    },
};

/* P1.03 is D2 of the Arduino connector. */
void pin_init(void)
{
    register_put(P1_OUTCLR, P1_OUTCLR_PIN3);
    register_put(P1_PIN_CNF3, P1_PIN_CNF3_DIR | P1_PIN_CNF3_INPUT);
}

void pin_put(void *ctx, int high)
{
    (void)ctx;
    if (high) {
        register_put(P1_OUTSET, P1_OUTSET_PIN3);
    } else {
        register_put(P1_OUTCLR, P1_OUTCLR_PIN3);
    }
}

static struct hil_port port = SILICON_PORT("nrf52840dk", UART_WINDOW, CORE_HZ);
const struct hil_port *board_port = &port;

void board_main(void)
{
    silicon_run(&port, &board_memory.rings);
}
