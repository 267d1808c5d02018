/* ST's NUCLEO-F439ZI: vector table and the pin around inferences.
 *
 * The same image starts on QEMU's netduinoplus2, an STM32F405: what a chip lacks is found out when it starts. */
#include "board.h"

#include "../../cortex_m/access.h"
#include "../../cortex_m/vectors.h"
#include "registers.h"

#define EXTERNAL_INTERRUPTS 91

VECTORS const struct {
    struct core_vectors core;
    vector external[EXTERNAL_INTERRUPTS];
} vectors = {
    .core = CORE_VECTORS(Reset_Handler),
    .external = {
        [USART3_IRQ] = USART3_Handler,
        [TIM7_IRQ] = TIM7_Handler, /* no other is ever enabled */
    },
};

/* PF15 is D2 of the Arduino connector. */
void pin_init(void)
{
    register_set(RCC_AHB1ENR, RCC_AHB1ENR_GPIOFEN);
    (void)register_get(RCC_AHB1ENR); /* the clock is there two cycles later */
    register_change(GPIOF_MODER, GPIOF_MODER_MODER15, GPIOF_MODER_MODER15_OUTPUT);
}

void pin_put(void *ctx, int high)
{
    (void)ctx;
    register_put(GPIOF_BSRR, high ? GPIOF_BSRR_BS15 : GPIOF_BSRR_BR15);
}

static struct hil_port port = SILICON_PORT("nucleo_f439zi", UART_WINDOW, 0);
const struct hil_port *board_port = &port;

void board_main(void)
{
    silicon_run(&port, &board_memory.rings);
}
