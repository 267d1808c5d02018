/* A dense layer in float32: out = weights input + bias. */
#ifndef HIL_DENSE_F32_H
#define HIL_DENSE_F32_H

#include <stdint.h>

struct dense_f32 {
    uint16_t inputs;
    uint16_t outputs;
    const float *weights; /* outputs x inputs */
    const float *bias;    /* outputs */
};

/* out must not overlap input. Returns 0, or -1 for a null pointer. */
int dense_f32_run(const struct dense_f32 *layer, const float *input, float *out);

#endif
