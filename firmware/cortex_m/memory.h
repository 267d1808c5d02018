/* Frames through rings in memory that the host reaches while the core runs: memory that is shared, or any RAM by way of
 * the debug probe.
 *
 * A board that offers them sets memory aside for a struct hil_rings between _rings and _rings_end, where its start-up
 * writes nothing and where a reset leaves what the host wrote; names PendSV_Handler in its vector table; and asks
 * memory_begin which way the frames go. */
#ifndef HIL_CORTEX_M_MEMORY_H
#define HIL_CORTEX_M_MEMORY_H

#include "../runtime/rings.h"

/* Whether the host wants them to go through these rings; the three below are then the port's. wake_host says that bytes
 * wait for it; NULL: it looks by itself. */
int memory_begin(struct hil_rings *rings, void (*wake_host)(void));
size_t memory_read(void *ctx, uint8_t *buffer, size_t capacity);
int memory_write(void *ctx, const uint8_t *bytes, size_t length);
void memory_wait(void *ctx);

/* What a host pends that has no serial line to wake the core by. */
void PendSV_Handler(void);

#endif
