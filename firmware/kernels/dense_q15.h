/* A dense layer in q15: out = sat16((weights input + bias) >> shift), with the rounding constant in the bias. */
#ifndef HIL_DENSE_Q15_H
#define HIL_DENSE_Q15_H

#include <stdint.h>

struct dense_q15 {
    uint16_t inputs;
    uint16_t outputs;
    uint8_t shift;
    const int16_t *weights; /* outputs x inputs */
    const int32_t *bias;    /* outputs */
};

/* sums: scratch of `outputs` elements. Returns 0, or -1 for a null pointer. */
int dense_q15_run(const struct dense_q15 *layer, const int16_t *input, int32_t *sums, int16_t *out);

#endif
