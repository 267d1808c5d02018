/* The rooms of the board code: who defines what the vector table and the port name. */
#ifndef HIL_BOARD_H
#define HIL_BOARD_H

#include "../../runtime/port.h"
#include "../../runtime/rings.h"

/* clock.c: 168 MHz, or the 16 MHz of after reset; tells which, in Hz. */
uint32_t clock_init(void);

/* uart.c */
#define UART_RING_BYTES (2u * HIL_RING_BYTES) /* a power of two */
#define UART_WINDOW (UART_RING_BYTES - 1u)    /* what the host may have in flight: full must not look like empty */
/* Where start-up clears nothing (link.ld): where the debug probe carries the frames its rings, else the serial port's,
 * behind the words that tell which. */
extern union hil_rings_or_port board_memory;
void uart_init(uint32_t clock_hz);
size_t uart_read(void *ctx, uint8_t *buffer, size_t capacity);
int uart_write(void *ctx, const uint8_t *bytes, size_t length);
void uart_wait(void *ctx);
void USART3_Handler(void);
void TIM7_Handler(void);

#endif
