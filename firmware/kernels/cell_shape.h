/* What recurrent cells of every precision share: how sequences lie in memory, and sizes as macros, so that generated
 * code can size static buffers with them. */
#ifndef HIL_CELL_SHAPE_H
#define HIL_CELL_SHAPE_H

#include <stdint.h>

/* Several sequences of one length that advance in lock step. Distances are in elements and may be negative; a
 * sequence's input at one time step is contiguous. */
struct hil_walk {
    int32_t step;       /* from one time step to the next */
    int32_t sequence;   /* from one sequence to the next */
    uint16_t sequences;
};

#define HIL_EVEN(count) ((count) + ((count) & 1))

/* Elements of scratch for a cell of `hidden` units, `sequences` of which advance in lock step; ranks of factors that are
 * not there are 0. */
#define HIL_CELL_SCRATCH(hidden, rank_w, rank_u, sequences) \
    (HIL_EVEN(rank_w) + HIL_EVEN(rank_u) + HIL_EVEN((hidden) * (sequences)) + HIL_EVEN(hidden))

#endif
