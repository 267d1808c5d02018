/* What RNNPool of every precision shares: how it lies on a map, and sizes as macros for static buffers. */
#ifndef HIL_RNNPOOL_SHAPE_H
#define HIL_RNNPOOL_SHAPE_H

#include <stdint.h>

#include "cell_shape.h"

struct hil_rnnpool_shape {
    uint16_t channels;   /* of the input map */
    uint16_t out_height; /* patches from top to bottom */
    uint16_t out_width;  /* patches from left to right */
    uint8_t patch;       /* rows and columns of a patch: P */
    uint8_t stride;      /* between patches, both ways */
};

/* Columns of the map that patches may need. */
#define HIL_RNNPOOL_WIDTH(out_width, patch, stride) (((out_width) - 1) * (stride) + (patch))

/* Rows of patches that one row of the map may belong to. */
#define HIL_RNNPOOL_OVERLAP(patch, stride) (((patch) + (stride) - 1) / (stride))

/* From one row of states to the next, so that each starts aligned. */
#define HIL_RNNPOOL_PITCH(count) (((count) + 1) / 2 * 2)

/* Elements of state: of the P rows that the next patches need, and of the columns of each row of patches under way. */
#define HIL_RNNPOOL_ROWS(out_width, patch, hidden1) ((patch) * HIL_RNNPOOL_PITCH((out_width) * (hidden1)))
#define HIL_RNNPOOL_COLUMNS(out_width, patch, stride, hidden1) \
    (HIL_RNNPOOL_OVERLAP(patch, stride) * HIL_RNNPOOL_PITCH(HIL_RNNPOOL_WIDTH(out_width, patch, stride) * (hidden1)))

/* Sequences of the first cell, and patches of four sequences of the second, that advance in lock step. */
#define HIL_RNNPOOL_SEQUENCES 16
#define HIL_RNNPOOL_PATCHES 4

/* Elements of scratch. Of the first cell: HIL_CELL_SCRATCH with HIL_RNNPOOL_SEQUENCES. Of the second, for so many patches
 * at most: HIL_CELL_SCRATCH with the sequences of one, and where it is not factored the states of all besides. */
#define HIL_RNNPOOL_SCRATCH(hidden2, rank_w, rank_u, patches) \
    (HIL_CELL_SCRATCH(hidden2, rank_w, rank_u, 4 * (patches)) + ((patches) > 1 ? 4 * (patches) * (hidden2) : 0))

#endif
