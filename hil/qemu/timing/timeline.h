/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When the core computes, sleeps and moves its sync pin: what an emulated power probe plays.
 *
 * A record of 24 bytes, little-endian, is in the file before the program goes on: cycles and instructions since the
 * emulator began (64 bits each), an event, and its value (32 bits each). hil/power/emulated/timeline.py reads it. */
#ifndef HIL_TIMELINE_H
#define HIL_TIMELINE_H

#include "block.h"

enum timeline_event {
    TIMELINE_PIN = 1, /* its value is the level */
    TIMELINE_BEGINS,  /* an inference, or what repeats one */
    TIMELINE_ENDS,
    TIMELINE_SLEEPS,
    TIMELINE_RESETS,
};

/* The function whose store moves the pin; each one changes its level, which is low at reset. */
#define TIMELINE_PIN_FUNCTION "pin_put"

/* 0, or -1 with errno. Without it the rest does nothing. */
int timeline_open(const char *path);
bool timeline_is_open(void);
/* Right before instruction ``index`` of the present block. */
void timeline_note(enum timeline_event event, const struct block *block, int32_t index);
/* The processor was reset. */
void timeline_reset(void);
/* What is between them makes the counts begin anew; time goes on all the same. */
void timeline_hold(void);
void timeline_go_on(void);
/* QEMU's callbacks, with a point (region.h) as data. */
void timeline_at_pin(unsigned int cpu, void *point);
void timeline_at_sleep(unsigned int cpu, void *point);

#endif
