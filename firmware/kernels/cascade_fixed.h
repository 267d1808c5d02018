/* Two-tier cascade (MSC-RNN, Roy et al., BuildSys 2019) in fixed point: a small cell scans a bag, and only if it fired a
 * larger one judges it.
 *
 *   x        = sat16((count - middle) * gain)
 *   instance = lower cell from a zero state over its samples; margin = the `margin` row of its state;
 *              stops early where |margin| >= limit
 *   fired    = enough instances in a row with a margin above 0     (cascade_scan.h says when a scan ends)
 *   scores   = classifier of the upper cell over the instances' final states if fired, else `clutter`
 *   path     = 1 if fired, else 0
 * hil/models/cascade/golden_fixed.py is the reference, bit for bit.
 */
#ifndef HIL_CASCADE_FIXED_H
#define HIL_CASCADE_FIXED_H

#include <stddef.h>
#include <stdint.h>

#include "cascade_scan.h"
#include "cell_fixed.h"

struct hil_cascade_fixed {
    struct hil_scan scan;
    uint16_t features;
    int16_t middle;
    int16_t gain;
    int16_t limit;
    const struct hil_cell_fixed *lower;
    const struct hil_matrix *margin; /* one row: the logit of target minus that of clutter */
    const struct hil_cell_fixed *upper;
    const struct hil_matrix *classifier;
    const int16_t *clutter; /* the scores where the upper tier does not run */
};

/* Buffers of the caller's, aligned to 4. */
struct hil_cascade_fixed_scratch {
    int16_t *samples; /* steps x features; may be where the counts are */
    int16_t *finals;  /* lower states of every instance, one after the other */
    int16_t *state;   /* of the upper tier */
    int16_t *cells;   /* HIL_CELL_SCRATCH of the larger cell */
};

/* counts: steps x features. output: a score per class, then the path. Returns 0, or -1 for a null pointer. */
int hil_cascade_fixed_run(const struct hil_cascade_fixed *cascade, const int16_t *counts, uint32_t steps,
                          const struct hil_cascade_fixed_scratch *scratch, int16_t *output);

#endif
