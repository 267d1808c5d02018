/* The rooms of the board code: who defines the handlers that the vector table names. */
#ifndef HIL_BOARD_H
#define HIL_BOARD_H

#include "../../runtime/port.h"

void SysTick_Handler(void);
void UART0_RX_Handler(void);

/* uart.c */
#define UART_RING_BYTES 8192u /* a power of two; what the host may have in flight */
void uart_init(void);
size_t uart_read(void *ctx, uint8_t *buffer, size_t capacity);
int uart_write(void *ctx, const uint8_t *bytes, size_t length);
void uart_wait(void *ctx);
void uart_wake_host(void);

#endif
