#include "memory.h"

#include "access.h"
#include "core.h"
#include "instructions.h"

static struct hil_rings *rings;
static void (*wake_host)(void);

int memory_begin(struct hil_rings *ours, void (*wake)(void))
{
    rings = ours;
    wake_host = wake;
    register_change(SCB_SHPR3, SCB_SHPR3_PENDSV, WAITING_PRIORITY << 16);
    return hil_rings_begin(rings);
}

size_t memory_read(void *ctx, uint8_t *buffer, size_t capacity)
{
    (void)ctx;
    return hil_rings_read(rings, buffer, capacity);
}

int memory_write(void *ctx, const uint8_t *bytes, size_t length)
{
    (void)ctx;
    while (length > 0u) {
        const size_t count = hil_rings_write(rings, bytes, length);
        if (count > 0u && wake_host != NULL) {
            wake_host();
        }
        bytes += count;
        length -= count;
    }
    return 0;
}

void memory_wait(void *ctx)
{
    (void)ctx;
    /* Masked, WFI still wakes on a pending interrupt, and the host rings only once its bytes are there. */
    const uint32_t interrupts = interrupts_off();
    if (hil_rings_pending(rings) == 0) {
        hil_rings_wait(rings, 1);
        wait_for_interrupt();
        hil_rings_wait(rings, 0);
    }
    interrupts_restore(interrupts);
}

void PendSV_Handler(void)
{
    /* The core is awake: that is all. */
}
