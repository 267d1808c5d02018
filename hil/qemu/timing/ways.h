/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The way from one block to the next: branches, calls, returns, exceptions, resets. */
#ifndef HIL_WAYS_H
#define HIL_WAYS_H

#include <stdbool.h>

struct block;

/* ``now`` runs after ``before``, which may do more than go on or jump, or stands where a handler begins. Returns
 * whether it was reached by a way that counts: not the next address, nor an exception, whose own cycles hold that. */
bool ways_turn(struct block *before, struct block *now);

#endif
