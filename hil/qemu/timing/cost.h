/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What instructions that run one after the other cost on a Cortex-M4, by the numbers of parameters.h. */
#ifndef HIL_COST_H
#define HIL_COST_H

#include "decode.h"

#include <stddef.h>

/* ``low`` and ``nominal`` let a multiply-accumulate's and a division's extra cycles of the FPU pass under integer
 * instructions, ``high`` does not; a division of integers takes its least, middle and most. ``low`` skips what an IT block may skip. */
struct cycles {
    int32_t low;
    int32_t nominal;
    int32_t high;
};

struct cost {
    struct cycles cycles; /* with the stalls that the instruction meets */
    int32_t fetch;        /* of these: what fetching costs, */
    struct cycles wait;   /* and what is waited for the FPU's work on */
    uint8_t waits_for;    /* an instruction of this kind */
};

/* Instructions that follow each other in memory. */
struct run {
    const struct instruction *instructions;
    size_t count;
};

/* The costs of a run that is entered by a branch, or from the end of the run ``after``; a taken branch at its end
 * is left out. Returns the cycles that the FPU still works when its last instruction is done. */
int32_t cost_of_run(const struct run *after, const struct run *run, struct cost *costs);

/* What leaving by this instruction to elsewhere than the next costs more. */
int32_t cost_of_leaving(const struct instruction *last);
/* What it costs more to begin with this instruction after a branch. */
int32_t cost_of_entering(const struct instruction *first);
/* What each access of a load or store within an IT block takes more when it is executed, ``before`` being the
 * instruction before it or NULL. */
int32_t cost_of_conditional_access(const struct instruction *one, const struct instruction *before);

#endif
