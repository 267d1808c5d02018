#include "cell_blend_fixed.h"

#include "cell_unit_fixed.h"

static inline void blend(const struct hil_cell_fixed *cell, const int16_t *pre, uint32_t sequences, int16_t *states,
                         uint32_t doublings)
{
    const uint32_t hidden = cell->hidden;
    for (; sequences != 0; sequences--) {
        for (uint32_t i = 0; i < hidden; i++) {
            hil_unit_step(cell, *pre++, &cell->bias_gate[2 * i - (i & 1)], doublings, states++);
        }
    }
}

void hil_tail_blend13(const struct hil_cell_fixed *cell, int16_t *pre, uint32_t sequences, int16_t *states, int16_t *gates)
{
    (void)gates;
    blend(cell, pre, sequences, states, 0);
}

void hil_tail_blend12(const struct hil_cell_fixed *cell, int16_t *pre, uint32_t sequences, int16_t *states, int16_t *gates)
{
    (void)gates;
    blend(cell, pre, sequences, states, 1);
}

void hil_tail_blend11(const struct hil_cell_fixed *cell, int16_t *pre, uint32_t sequences, int16_t *states, int16_t *gates)
{
    (void)gates;
    blend(cell, pre, sequences, states, 2);
}
