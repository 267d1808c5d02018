/* A ring of bytes that a serial port has received, of a size that is a power of two: full must not look like empty. */
#ifndef HIL_CORTEX_M_RING_H
#define HIL_CORTEX_M_RING_H

#include "instructions.h"

#include <stddef.h>
#include <stdint.h>

/* Up to capacity bytes from ``*tail`` on, which moves, to before ``end``; tells how many. */
static inline size_t ring_take(const volatile uint8_t *ring, uint32_t size, uint32_t *tail, uint32_t end,
                               uint8_t *buffer, size_t capacity)
{
    uint32_t at = *tail;
    size_t count = 0;
    while (count < capacity && at != end) {
        buffer[count++] = ring[at];
        at = (at + 1u) % size;
    }
    *tail = at;
    return count;
}

/* One more at ``*head``, by the interrupt that has it. One beyond the window is lost; its frame's CRC says so. */
static inline void ring_put(volatile uint8_t *ring, uint32_t size, volatile uint32_t *head, uint32_t tail, uint8_t byte)
{
    const uint32_t at = *head;
    const uint32_t next = (at + 1u) % size;
    if (next != tail) {
        ring[at] = byte;
        *head = next;
    }
}

/* Sleeps until an interrupt comes, unless the ring has something by then. */
static inline void ring_wait(uint32_t (*end)(void), const uint32_t *tail)
{
    /* Masked, WFI still wakes on a pending interrupt: none can slip in between the test and the sleep. */
    const uint32_t interrupts = interrupts_off();
    if (end() == *tail) {
        wait_for_interrupt();
    }
    interrupts_restore(interrupts);
}

#endif
