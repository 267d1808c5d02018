/* The rooms of the board code beside what all silicon has: who defines what. */
#ifndef HIL_BOARD_H
#define HIL_BOARD_H

#include "../../cortex_m/silicon.h"

/* uart.c */
#define UART_RING_BYTES (2u * HIL_RING_BYTES) /* a power of two */
#define UART_WINDOW (UART_RING_BYTES - 1u)    /* what the host may have in flight: full must not look like empty */
/* Where start-up clears nothing (link.ld): where the debug probe carries the frames its rings, else the serial port's,
 * behind the words that tell which. */
extern union hil_rings_or_port board_memory;
void USART3_Handler(void);
void TIM7_Handler(void);

#endif
