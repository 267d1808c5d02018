/* Sizes that FastGRNN has in every precision; macros, so that generated code can size static buffers with them. */
#ifndef HIL_FASTGRNN_SHAPE_H
#define HIL_FASTGRNN_SHAPE_H

#define FASTGRNN_MAX(a, b) ((a) > (b) ? (a) : (b))

/* Columns of mix: what W and U are multiplied with last, one after the other. */
#define FASTGRNN_LEFT(features, rank_w) ((rank_w) ? (rank_w) : (features))
#define FASTGRNN_RIGHT(hidden, rank_u) ((rank_u) ? (rank_u) : (hidden))

#endif
