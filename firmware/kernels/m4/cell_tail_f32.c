/* Four units at a time, product and sum fused. */
#include "../cell_tail_f32.h"

/* h' = z h + (zeta (1 - z) + nu) c, with zeta + nu formed beforehand. */
static inline float blended(float z, float h, float c, float zeta, float most)
{
    return __builtin_fmaf(z, h, __builtin_fmaf(-zeta, z, most) * c);
}

void hil_tail_fastgrnn_f32(const struct hil_cell_f32 *cell, float *pre, uint32_t sequences, float *states, float *gates)
{
    const uint32_t hidden = cell->hidden;
    const float zeta = cell->zeta;
    const float most = cell->zeta + cell->nu;
    for (; sequences != 0; sequences--) {
        cell->gate(pre, cell->bias_gate, hidden, gates);
        cell->update(pre, cell->bias_update, hidden, pre);
        const float *z = gates;
        uint32_t left = hidden;
        for (; left >= 4; left -= 4) {
            const float a = blended(z[0], states[0], pre[0], zeta, most);
            const float b = blended(z[1], states[1], pre[1], zeta, most);
            const float c = blended(z[2], states[2], pre[2], zeta, most);
            const float d = blended(z[3], states[3], pre[3], zeta, most);
            states[0] = a;
            states[1] = b;
            states[2] = c;
            states[3] = d;
            z += 4;
            pre += 4;
            states += 4;
        }
        for (; left != 0; left--) {
            *states = blended(*z++, *states, *pre++, zeta, most);
            states++;
        }
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
            states[i] = __builtin_fmaf(zeta, states[i], nu * pre[i]);
        }
        pre += hidden;
        states += hidden;
    }
}
