/* What is alike on every kind of silicon: from reset to the runtime, by way of parts that the board's own files define. */
#ifndef HIL_CORTEX_M_SILICON_H
#define HIL_CORTEX_M_SILICON_H

#include "../runtime/port.h"
#include "../runtime/rings.h"
#include "counter.h"

extern const uint8_t _stack_low[], _stack_high[]; /* the linker script's */

/* The port over the serial line, whose window is that wide; its counter's rate in Hz, 0: the clock's. */
#define SILICON_PORT(name, window, rate) \
    { \
        .kind = (name), .rx_window = (window), .counter_hz = (rate), .stack_low = _stack_low, \
        .stack_high = _stack_high, .read = uart_read, .write = uart_write, .wait = uart_wait, .cycles = counter_read, \
        .mask = counter_mask, .unmask = counter_unmask, .align = counter_align, .gpio = pin_put, \
    }

/* Start all, let frames go through the rings if the debug probe asks for that, and serve the host for good. */
_Noreturn void silicon_run(struct hil_port *port, struct hil_rings *rings);

/* main.c: the pin around inferences */
void pin_init(void);
void pin_put(void *ctx, int high);

/* clock.c: starts the best clock that gets ready, and tells it in Hz; 0 when that is not known to be exact. */
uint32_t clock_init(void);

/* uart.c */
void uart_init(uint32_t clock_hz);
size_t uart_read(void *ctx, uint8_t *buffer, size_t capacity);
int uart_write(void *ctx, const uint8_t *bytes, size_t length);
void uart_wait(void *ctx);

#endif
