/* The rooms of the board code: who defines what the vector table and the port name. */
#ifndef HIL_BOARD_H
#define HIL_BOARD_H

#include "../../runtime/port.h"

/* watchdog.c: to be called first of all. */
void watchdog_off(void);

/* clock.c: 120 MHz, or the best that starts; tells which, in Hz. */
uint32_t clock_init(void);

/* uart.c */
#define UART_RING_BITS 14u                   /* the DMA's addresses wrap at a power of two */
#define UART_RING_BYTES (1u << UART_RING_BITS)
#define UART_WINDOW (UART_RING_BYTES - 1u)   /* what the host may have in flight: full must not look like empty */
void uart_init(uint32_t clock_hz);
size_t uart_read(void *ctx, uint8_t *buffer, size_t capacity);
int uart_write(void *ctx, const uint8_t *bytes, size_t length);
void uart_wait(void *ctx);
void UART0_RX_TX_Handler(void);
void UART0_ERR_Handler(void);
void DMA0_Handler(void);

#endif
