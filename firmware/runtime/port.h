/* The port: all that the runtime needs from a board, as a struct of functions and a context. */
#ifndef HIL_PORT_H
#define HIL_PORT_H

#include <stddef.h>
#include <stdint.h>

/* How the counter counts; the numbers travel in the handshake. */
enum hil_counter {
    HIL_COUNTER_NONE = 0,
    HIL_COUNTER_TIMER = 1, /* a free-running timer at counter_hz */
    HIL_COUNTER_DWT = 2,   /* core cycles, DWT CYCCNT */
};

struct hil_port {
    void *ctx;
    const char *kind;       /* "qemu_mps2_an386" */
    uint32_t clock_hz;      /* core clock */
    uint32_t counter_hz;    /* rate of cycles() */
    uint8_t counter;        /* enum hil_counter */
    uint16_t rx_window;     /* bytes the port buffers between two calls of read */
    const uint8_t *stack_low;  /* lowest byte of the stack, or NULL when unknown (host) */
    const uint8_t *stack_high; /* one past the highest */

    size_t (*read)(void *ctx, uint8_t *buffer, size_t capacity);      /* what has arrived, at once; 0: nothing */
    int (*write)(void *ctx, const uint8_t *bytes, size_t length);     /* all of it, or a negative error */
    void (*wait)(void *ctx);                                          /* sleep until something may have arrived */
    uint32_t (*cycles)(void *ctx);                                    /* counts up, wraps at 2^32 */
    uint32_t (*mask)(void *ctx);                                      /* mask interrupts; returns the old state */
    void (*unmask)(void *ctx, uint32_t old);
    void (*align)(void *ctx);                                         /* return at the same phase of a tick */
    void (*gpio)(void *ctx, int high);                                /* the edge around inferences */
};

#endif
