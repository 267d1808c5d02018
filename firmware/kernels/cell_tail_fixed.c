#include "cell_tail_fixed.h"

#include "fixed.h"

/* sat16(in + bias), doubled with saturation. in and out may be the same. */
static void biased(const int16_t *in, const int16_t *bias, uint32_t doublings, uint32_t count, int16_t *out)
{
    for (uint32_t i = 0; i < count; i++) {
        out[i] = hil_saturate(hil_saturate(in[i] + bias[i]) * (1 << doublings));
    }
}

static void mix_state(const struct hil_cell_fixed *cell, int32_t z, int32_t k, int32_t c, int16_t *state)
{
    const int32_t half = (1 << cell->shift) >> 1;
    const int32_t rounding = (1 << cell->unit) >> 1;
    *state = hil_saturate((z * *state + ((k * c + half) >> cell->shift) + rounding) >> cell->unit);
}

static int32_t blend(const struct hil_cell_fixed *cell, int32_t z)
{
    const int32_t rounding = (1 << cell->unit) >> 1;
    return ((cell->zeta + cell->nu) * (1 << cell->unit) + rounding - cell->zeta * z) >> cell->unit;
}

void hil_tail_fastgrnn(const struct hil_cell_fixed *cell, int16_t *pre, uint32_t sequences, int16_t *states,
                       int16_t *gates)
{
    const uint32_t hidden = cell->hidden;
    for (; sequences != 0; sequences--) {
        biased(pre, cell->bias_gate, cell->gate_doublings, hidden, gates);
        cell->gate(gates, hidden, gates);
        biased(pre, cell->bias_update, cell->update_doublings, hidden, pre);
        cell->update(pre, hidden, pre);
        for (uint32_t i = 0; i < hidden; i++) {
            mix_state(cell, gates[i], blend(cell, gates[i]), pre[i], &states[i]);
        }
        pre += hidden;
        states += hidden;
    }
}

void hil_tail_fastrnn(const struct hil_cell_fixed *cell, int16_t *pre, uint32_t sequences, int16_t *states, int16_t *gates)
{
    (void)gates;
    const uint32_t hidden = cell->hidden;
    for (; sequences != 0; sequences--) {
        biased(pre, cell->bias_update, cell->update_doublings, hidden, pre);
        cell->update(pre, hidden, pre);
        for (uint32_t i = 0; i < hidden; i++) {
            mix_state(cell, cell->zeta, cell->nu, pre[i], &states[i]);
        }
        pre += hidden;
        states += hidden;
    }
}
