/* Two units at a time, in the halves of a register, with saturating sums and differences. */
#include "../cell_quant_fixed.h"

#include "../cell_unit_fixed.h"
#include "quant_fixed.h"

static inline __attribute__((always_inline)) void quant(const struct hil_cell_fixed *cell, const int16_t *pre,
                                                        uint32_t sequences, int16_t *states, const uint32_t doublings)
{
    const uint32_t pairs = cell->hidden / 2u;
    const int odd = cell->hidden & 1;
    const uint32_t one = HIL_ONE << 16 | HIL_ONE;
    const int32_t zeta = cell->zeta;
    const int32_t nu = cell->nu * HIL_ONE + HIL_ONE / 2;
    const int32_t shift = cell->shift;
    const int32_t half = ((1 << shift) >> 1) + (HIL_ONE / 2) * (1 << shift); /* of both roundings that follow */
    for (; sequences != 0; sequences--) {
        const int16_t *bias = cell->bias_gate;
        for (uint32_t left = pairs; left != 0; left--) {
            uint32_t a, b, c, d;
            __asm volatile(HIL_QUANT_GATES "smlabb %[a], %[zeta], %[b], %[nu]\n\t"
                                           "smlabt %[d], %[zeta], %[b], %[nu]\n\t"
                                           "ssub16 %[b], %[one], %[b]\n\t"
                                           "asrs %[a], %[a], #14\n\t"
                                           "asrs %[d], %[d], #14\n\t"
                                           "smlabb %[a], %[a], %[c], %[half]\n\t"
                                           "smlabt %[d], %[d], %[c], %[half]\n\t"
                                           "ldr %[c], [%[states]]\n\t"
                                           "asr %[a], %[a], %[shift]\n\t"
                                           "asr %[d], %[d], %[shift]\n\t" HIL_QUANT_STATES
                           : [pre] "+r"(pre), [bias] "+r"(bias), [states] "+r"(states), [a] "=&r"(a), [b] "=&r"(b),
                             [c] "=&r"(c), [d] "=&r"(d)
                           : [one] "r"(one), [zeta] "r"(zeta), [nu] "r"(nu), [half] "r"(half), [shift] "r"(shift),
                             [doublings] "i"(doublings)
                           : "cc", "memory");
        }
        if (odd != 0) {
            hil_unit_step(cell, *pre++, bias, doublings, states++);
        }
    }
}

void hil_tail_quant13(const struct hil_cell_fixed *cell, int16_t *pre, uint32_t sequences, int16_t *states, int16_t *gates)
{
    (void)gates;
    quant(cell, pre, sequences, states, 0);
}

void hil_tail_quant12(const struct hil_cell_fixed *cell, int16_t *pre, uint32_t sequences, int16_t *states, int16_t *gates)
{
    (void)gates;
    quant(cell, pre, sequences, states, 1);
}

void hil_tail_quant11(const struct hil_cell_fixed *cell, int16_t *pre, uint32_t sequences, int16_t *states, int16_t *gates)
{
    (void)gates;
    quant(cell, pre, sequences, states, 2);
}
