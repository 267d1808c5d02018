/* RNNPool (Saha et al., NeurIPS 2020) in float32: a patch of P x P pixels becomes 4 H2 values.
 *
 *   first cell over each row of the patch, and over each column: its last states, H1 each
 *   second cell over the P row states forward, backward, over the P column states forward, backward: its last states
 *   out = [rows forward, rows backward, columns forward, columns backward]
 *
 * As a layer it slides over a map with a stride. The map comes row by row and is never held: a row's runs and a step of
 * all columns' runs are computed when the row comes, once for all the patches that share them, and what is kept are
 * states. Patch by patch or as a layer, the results are the same.
 */
#ifndef HIL_RNNPOOL_F32_H
#define HIL_RNNPOOL_F32_H

#include "cell_f32.h"
#include "rnnpool_shape.h"

struct hil_rnnpool_f32 {
    struct hil_rnnpool_shape shape;
    const struct hil_cell_f32 *first;  /* over pixels */
    const struct hil_cell_f32 *second; /* over the first's last states */
};

/* Buffers of the caller's, in elements. scratch: HIL_CELL_SCRATCH of the first cell with HIL_RNNPOOL_SEQUENCES, or
 * HIL_RNNPOOL_SCRATCH of the second with HIL_RNNPOOL_PATCHES, whichever is more. */
struct hil_rnnpool_f32_state {
    float *rows;    /* HIL_RNNPOOL_ROWS */
    float *columns; /* HIL_RNNPOOL_COLUMNS */
    float *scratch;
};

/* One patch, `pitch` elements from row to row. states: 2 HIL_RNNPOOL_PITCH(P H1) elements; scratch as above, but of the
 * second cell with one patch; out: 4 H2 elements. Returns 0, or the negative error of a cell. */
int hil_rnnpool_f32_patch(const struct hil_rnnpool_f32 *pool, const float *patch, uint32_t pitch, float *states,
                            float *scratch, float *out);

/* The next row of the map, number y from 0 on, its padding included; rows that no patch needs may be left out. When it
 * ends a row of patches, their outputs go to their place in map, which is the whole output map. Returns 0,
 * or the negative error of a cell. */
int hil_rnnpool_f32_push(const struct hil_rnnpool_f32 *pool, const struct hil_rnnpool_f32_state *state, uint32_t y,
                           const float *row, float *map);

#endif
