#include "dense_q15.h"

#include <stddef.h>

#include "matvec_q15.h"
#include "q15.h"

int dense_q15_run(const struct dense_q15 *layer, const int16_t *input, int32_t *sums, int16_t *out)
{
    if (layer == NULL || input == NULL || sums == NULL || out == NULL) {
        return -1;
    }
    hil_matvec_q15(layer->weights, input, layer->outputs, layer->inputs, sums);
    const uint32_t outputs = layer->outputs;
    for (uint32_t i = 0; i < outputs; i++) {
        out[i] = hil_saturate_q15((sums[i] + layer->bias[i]) >> layer->shift);
    }
    return 0;
}
