/* Two units at a time; k is 1 - z itself. */
#include "../cell_blend_fixed.h"

#include "../cell_unit_fixed.h"
#include "quant_fixed.h"

static inline __attribute__((always_inline)) void blend(const struct hil_cell_fixed *cell, const int16_t *pre,
                                                        uint32_t sequences, int16_t *states, const uint32_t doublings)
{
    const uint32_t pairs = cell->hidden / 2u;
    const int odd = cell->hidden & 1;
    const uint32_t one = HIL_ONE << 16 | HIL_ONE;
    for (; sequences != 0; sequences--) {
        const int16_t *bias = cell->bias_gate;
        for (uint32_t left = pairs; left != 0; left--) {
            uint32_t a, b, c, d;
            __asm volatile(HIL_QUANT_GATES "smlabb %[a], %[b], %[c], %[half]\n\t"
                                           "smlatt %[d], %[b], %[c], %[half]\n\t"
                                           "ldr %[c], [%[states]]\n\t"
                                           "ssub16 %[b], %[one], %[b]\n\t" HIL_QUANT_STATES
                           : [pre] "+r"(pre), [bias] "+r"(bias), [states] "+r"(states), [a] "=&r"(a), [b] "=&r"(b),
                             [c] "=&r"(c), [d] "=&r"(d)
                           : [one] "r"(one), [half] "r"(HIL_ONE / 2), [doublings] "i"(doublings)
                           : "cc", "memory");
        }
        if (odd != 0) {
            hil_unit_step(cell, *pre++, bias, doublings, states++);
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
