/* What is alike on every kind of silicon: from reset to the runtime, by way of parts that the board's own files define. */
#ifndef HIL_CORTEX_M_SILICON_H
#define HIL_CORTEX_M_SILICON_H

#include "../runtime/port.h"
#include "../runtime/rings.h"

/* main.c */
struct silicon {
    const char *kind;
    uint16_t rx_window;      /* of the serial port */
    uint32_t counter_hz;     /* 0: that of the clock */
    struct hil_rings *rings; /* for the debug probe */
};
extern const struct silicon silicon;
void pin_init(void); /* the pin around inferences */
void pin_put(void *ctx, int high);

/* clock.c: starts the best clock that gets ready, and tells it in Hz; 0 when that is not known to be exact. */
uint32_t clock_init(void);

/* uart.c */
void uart_init(uint32_t clock_hz);
size_t uart_read(void *ctx, uint8_t *buffer, size_t capacity);
int uart_write(void *ctx, const uint8_t *bytes, size_t length);
void uart_wait(void *ctx);

#endif
