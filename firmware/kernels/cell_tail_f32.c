#include "cell_tail_f32.h"

void hil_tail_fastgrnn_f32(const struct hil_cell_f32 *cell, float *pre, uint32_t sequences, float *states, float *gates)
{
    const uint32_t hidden = cell->hidden;
    const float zeta = cell->zeta;
    const float nu = cell->nu;
    for (; sequences != 0; sequences--) {
        cell->gate(pre, cell->bias_gate, hidden, gates);
        cell->update(pre, cell->bias_update, hidden, pre);
        for (uint32_t i = 0; i < hidden; i++) {
            states[i] = gates[i] * states[i] + (zeta * (1.0f - gates[i]) + nu) * pre[i];
        }
        pre += hidden;
        states += hidden;
    }
}

void hil_tail_fastrnn_f32(const struct hil_cell_f32 *cell, float *pre, uint32_t sequences, float *states, float *gates)
{
    (void)gates;
    const uint32_t hidden = cell->hidden;
    const float zeta = cell->zeta;
    const float nu = cell->nu;
    for (; sequences != 0; sequences--) {
        cell->update(pre, cell->bias_update, hidden, pre);
        for (uint32_t i = 0; i < hidden; i++) {
            states[i] = zeta * states[i] + nu * pre[i];
        }
        pre += hidden;
        states += hidden;
    }
}
