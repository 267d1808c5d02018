/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A region's counts, and its line of the report. */
#ifndef HIL_REPORT_H
#define HIL_REPORT_H

#include "block.h"

#include <stdio.h>

struct sums {
    struct counts {
        int64_t instructions[KIND_COUNT];
        int64_t low[KIND_COUNT];
        int64_t nominal[KIND_COUNT];
        int64_t high[KIND_COUNT];
        int64_t fetch;
        int64_t exceptions;
        int64_t unknown;
    } counts;
    uint32_t unknown_address;
    uint32_t unknown_opcode;
};

/* What ran since the region began. */
void report_add_up(struct sums *sums);
/* Add (or with -1 take away) counts. */
void report_add(struct counts *to, const struct counts *counts, int sign);
/* All but the beginning and the end of the line; of a whole program the stack that went deepest, of a part of one that
 * on which it began. ``tasks`` is what other tasks did, which is not in ``sums``, ``stacks`` what of ``sums`` was done
 * on other stacks. */
void report_print(FILE *out, const struct sums *sums, bool whole, const struct counts *tasks,
                  const struct counts *stacks);

#endif
