#include "dense_f32.h"

#include <stddef.h>

#include "matvec_f32.h"

int dense_f32_run(const struct dense_f32 *layer, const float *input, float *out)
{
    if (layer == NULL || input == NULL || out == NULL) {
        return -1;
    }
    hil_matvec_f32(layer->weights, input, layer->outputs, layer->inputs, out);
    const uint32_t outputs = layer->outputs;
    for (uint32_t i = 0; i < outputs; i++) {
        out[i] += layer->bias[i];
    }
    return 0;
}
