/* ST's discovery kit B-L475E-IOT01A: vector table and the pin around inferences.
 *
 * The same image runs on QEMU's machine b-l475e-iot01a: what a chip lacks is found out when it starts. */
#include "board.h"

#include "../../cortex_m/access.h"
#include "../../cortex_m/vectors.h"
#include "registers.h"

#define EXTERNAL_INTERRUPTS 82

VECTORS const struct {
    struct core_vectors core;
    vector external[EXTERNAL_INTERRUPTS];
} vectors = {
    .core = CORE_VECTORS(Reset_Handler),
    .external = {
        [DMA1_Channel5_IRQ] = DMA1_Channel5_Handler,
        [USART1_IRQ] = USART1_Handler, /* no other is ever enabled */
    },
};

/* PD14 is D2 of the Arduino connector. */
void pin_init(void)
{
    register_set(RCC_AHB2ENR, RCC_AHB2ENR_GPIODEN);
    (void)register_get(RCC_AHB2ENR); /* the clock is there two cycles later */
    register_change(GPIOD_MODER, GPIOD_MODER_MODER14, GPIOD_MODER_MODER14_OUTPUT);
}

void pin_put(void *ctx, int high)
{
    (void)ctx;
    register_put(GPIOD_BSRR, high ? GPIOD_BSRR_BS14 : GPIOD_BSRR_BR14);
}

static struct hil_port port = SILICON_PORT("b_l475e_iot01a", UART_WINDOW, 0);
const struct hil_port *board_port = &port;

void board_main(void)
{
    silicon_run(&port, &board_memory.rings);
}
