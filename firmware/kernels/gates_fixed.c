#include "gates_fixed.h"

#include "fixed.h"
#include "gates_table.h"

void hil_unit_fixed(const int16_t *in, uint32_t count, int16_t *out)
{
    for (uint32_t i = 0; i < count; i++) {
        out[i] = (int16_t)hil_clip(in[i], 1, HIL_ONE);
    }
}

void hil_quant_tanh_fixed(const int16_t *in, uint32_t count, int16_t *out)
{
    for (uint32_t i = 0; i < count; i++) {
        out[i] = (int16_t)hil_clip(in[i], -HIL_ONE, HIL_ONE - 1);
    }
}

void hil_relu_fixed(const int16_t *in, uint32_t count, int16_t *out)
{
    for (uint32_t i = 0; i < count; i++) {
        out[i] = in[i] < 0 ? 0 : in[i];
    }
}

/* tanh of |x| < 8 at 12 bits; the table has one entry per 1/32 and one more. */
static inline int32_t tanh_of(int32_t x)
{
    const int32_t magnitude = x < 0 ? -x : x;
    const int16_t *entry = &hil_tanh_table[magnitude >> 7];
    const int32_t value = entry[0] + (((entry[1] - entry[0]) * (magnitude & 127) + 64) >> 7);
    return x < 0 ? -value : value;
}

void hil_tanh_fixed(const int16_t *in, uint32_t count, int16_t *out)
{
    for (uint32_t i = 0; i < count; i++) {
        out[i] = (int16_t)tanh_of(in[i]);
    }
}

/* sigmoid(x) = (1 + tanh(x / 2)) / 2 */
void hil_sigmoid_fixed(const int16_t *in, uint32_t count, int16_t *out)
{
    for (uint32_t i = 0; i < count; i++) {
        out[i] = (int16_t)((HIL_ONE + 1 + tanh_of(in[i] >> 1)) >> 1);
    }
}
