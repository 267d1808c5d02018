/* What counts an inference: the DWT's cycle counter, or SysTick where that one stands still, as it does in QEMU.
 *
 * Either counts the core's clock. SysTick does so in laps of 2^24, which its interrupt counts: from counter_align on it
 * is let through where all others wait. A lap begins there, so that it comes once in 2^24 ticks. */
#ifndef HIL_CORTEX_M_COUNTER_H
#define HIL_CORTEX_M_COUNTER_H

#include "../runtime/port.h"

enum hil_counter counter_init(void); /* starts the counter and tells which it is */
uint32_t counter_read(void *ctx); /* SysTick's is for differences since counter_align alone */
void counter_align(void *ctx); /* the next tick begins now */
uint32_t counter_mask(void *ctx);
void counter_unmask(void *ctx, uint32_t old);

/* Enable an external interrupt, which waits while an inference is measured. */
void counter_enable_interrupt(uint32_t number);

void SysTick_Handler(void);

#endif
