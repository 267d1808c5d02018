/* Frames through memory: on QEMU's mps2-an386 the PSRAM can be a file that the host maps too. Bytes on the UART, of
 * whatever value, wake the other side. */
#include "board.h"

#include "../../runtime/rings.h"

extern struct hil_rings _rings;

int memory_begin(void)
{
    return hil_rings_begin(&_rings);
}

size_t memory_read(void *ctx, uint8_t *buffer, size_t capacity)
{
    (void)ctx;
    return hil_rings_read(&_rings, buffer, capacity);
}

int memory_write(void *ctx, const uint8_t *bytes, size_t length)
{
    (void)ctx;
    while (length > 0u) {
        const size_t count = hil_rings_write(&_rings, bytes, length);
        if (count > 0u) {
            uart_wake_host();
        }
        bytes += count;
        length -= count;
    }
    return 0;
}

void memory_wait(void *ctx)
{
    (void)ctx;
    /* As in uart_wait; the host rings only once its bytes are there. */
    __asm volatile("cpsid i" ::: "memory");
    if (hil_rings_pending(&_rings) == 0) {
        __asm volatile("wfi" ::: "memory");
    }
    __asm volatile("cpsie i" ::: "memory");
}
