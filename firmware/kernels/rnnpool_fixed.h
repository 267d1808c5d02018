/* RNNPool (Saha et al., NeurIPS 2020) in fixed point: a patch of P x P pixels becomes 4 H2 values.
 *
 *   first cell over each row of the patch, and over each column: its last states, H1 each
 *   second cell over the P row states forward, backward, over the P column states forward, backward: its last states
 *   out = [rows forward, rows backward, columns forward, columns backward]
 *
 * As a layer it slides over a map with a stride. The map comes row by row and is never held: a row's runs and a step of
 * all columns' runs are computed when the row comes, once for all the patches that share them, and what is kept are
 * states. Patch by patch or as a layer, the results are the same to the bit.
 */
#ifndef HIL_RNNPOOL_FIXED_H
#define HIL_RNNPOOL_FIXED_H

#include "cell_fixed.h"
#include "many.h"
#include "rnnpool_shape.h"

struct hil_rnnpool_fixed {
    struct hil_rnnpool_shape shape;
    const struct hil_cell_fixed *first;  /* over pixels */
    const struct hil_cell_fixed *second; /* over the first's last states */
    hil_many many;                       /* for the cells' matrices: hil_many_q15 or hil_many_q7 */
};

/* Buffers of the caller's, aligned to 4, in elements. scratch: HIL_CELL_SCRATCH of the first cell with HIL_RNNPOOL_SEQUENCES, or
 * HIL_RNNPOOL_SCRATCH of the second with HIL_RNNPOOL_PATCHES, whichever is more. */
struct hil_rnnpool_fixed_state {
    int16_t *rows;    /* HIL_RNNPOOL_ROWS */
    int16_t *columns; /* HIL_RNNPOOL_COLUMNS */
    int16_t *scratch;
};

/* One patch, `pitch` elements from row to row. states: 2 HIL_RNNPOOL_PITCH(P H1) elements; scratch as above, but of the
 * second cell with one patch; out: 4 H2 elements; all aligned to 4. Returns 0, or the negative error of a cell. */
int hil_rnnpool_fixed_patch(const struct hil_rnnpool_fixed *pool, const int16_t *patch, uint32_t pitch, int16_t *states,
                            int16_t *scratch, int16_t *out);

/* The next row of the map, number y from 0 on, its padding included; rows that no patch needs may be left out. When it
 * ends a row of patches, their outputs go to their place in map, which is the whole output map, aligned to 4. Returns 0,
 * or the negative error of a cell. */
int hil_rnnpool_fixed_push(const struct hil_rnnpool_fixed *pool, const struct hil_rnnpool_fixed_state *state, uint32_t y,
                           const int16_t *row, int16_t *map);

#endif
