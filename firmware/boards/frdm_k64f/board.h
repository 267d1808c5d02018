/* The rooms of the board code beside what all silicon has: who defines what. */
#ifndef HIL_BOARD_H
#define HIL_BOARD_H

#include "../../cortex_m/silicon.h"

/* watchdog.c: to be called first of all. */
void watchdog_off(void);

/* uart.c */
#define UART_RING_BITS 14u                   /* the DMA's addresses wrap at a power of two */
#define UART_RING_BYTES (1u << UART_RING_BITS)
#define UART_WINDOW (UART_RING_BYTES - 1u)   /* what the host may have in flight: full must not look like empty */
void UART0_RX_TX_Handler(void);
void UART0_ERR_Handler(void);
void DMA0_Handler(void);

#endif
