/* Two-tier cascade (MSC-RNN, Roy et al., BuildSys 2019) in float32: a small cell scans a bag, and only if it fired a
 * larger one judges it.
 *
 *   x        = (count - middle) * scale
 *   instance = lower cell from a zero state over its samples; margin = the `margin` row of its state;
 *              stops early where |margin| >= limit
 *   fired    = enough instances in a row with a margin above 0     (cascade_scan.h says when a scan ends)
 *   scores   = classifier of the upper cell over the instances' final states if fired, else `clutter`
 *   path     = 1 if fired, else 0
 * hil/models/cascade/golden_float.py is the reference.
 */
#ifndef HIL_CASCADE_F32_H
#define HIL_CASCADE_F32_H

#include <stddef.h>
#include <stdint.h>

#include "cascade_scan.h"
#include "cell_f32.h"

struct hil_cascade_f32 {
    struct hil_scan scan;
    uint16_t features;
    int16_t middle;
    float scale;
    float limit;
    const struct hil_cell_f32 *lower;
    const struct hil_matrix_f32 *margin; /* one row: the logit of target minus that of clutter */
    const struct hil_cell_f32 *upper;
    const struct hil_matrix_f32 *classifier;
    const float *clutter; /* the scores where the upper tier does not run */
};

/* Buffers of the caller's, aligned to 4. */
struct hil_cascade_f32_scratch {
    float *samples; /* steps x features */
    float *finals;  /* lower states of every instance, one after the other */
    float *state;   /* of the upper tier */
    float *cells;   /* HIL_CELL_SCRATCH of the larger cell */
};

/* counts: steps x features. output: a score per class, then the path. Returns 0, or -1 for a null pointer. */
int hil_cascade_f32_run(const struct hil_cascade_f32 *cascade, const int16_t *counts, uint32_t steps,
                          const struct hil_cascade_f32_scratch *scratch, float *output);

#endif
