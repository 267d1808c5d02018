/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tasks of an RTOS, by what an exception comes back to: each has calls and a stack of its own. */
#ifndef HIL_TASKS_H
#define HIL_TASKS_H

#include "execution.h"

/* One task is there, as after a reset. */
void tasks_begin(void);
/* An exception ended that was the only one, after what may have changed the task: ``now`` runs next. ``frame`` is
 * what it interrupted, and becomes what goes on; of a task that is new, nothing was interrupted. */
void tasks_go_on(struct frame *frame, const struct block *now);
/* A return to ``now`` on another stack than that of the call: false when it is one all the same, else a task has
 * switched to another by itself, and ``frame`` becomes where that one left. */
bool tasks_switch_themselves(struct frame *frame, const struct block *now);

#endif
