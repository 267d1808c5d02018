/* Two units at a time, in the halves of a register, with saturating sums and differences. */
#include "../cell_quant_fixed.h"

#include "../cell_unit_fixed.h"

/* From the sums and biases to 1 - z in b and the update in c, both units' halves. */
#define GATES                            \
    "ldr %[a], [%[pre]], #4\n\t"         \
    "ldrd %[b], %[c], [%[bias]], #8\n\t" \
    "qsub16 %[b], %[b], %[a]\n\t"        \
    "qadd16 %[c], %[c], %[a]\n\t"        \
    ".rept %c[doublings]\n\t"            \
    "qadd16 %[b], %[b], %[b]\n\t"        \
    "qadd16 %[c], %[c], %[c]\n\t"        \
    ".endr\n\t"                          \
    "qadd16 %[c], %[c], %[c]\n\t"        \
    "usat16 %[b], #14, %[b]\n\t"         \
    "ssat16 %[c], #15, %[c]\n\t"

/* From z in b, the state in c and what the update adds in a and d to the next state. */
#define STATES                             \
    "smlabb %[a], %[b], %[c], %[a]\n\t"    \
    "smlatt %[d], %[b], %[c], %[d]\n\t"    \
    "ssat %[a], #16, %[a], asr #14\n\t"    \
    "ssat %[d], #16, %[d], asr #14\n\t"    \
    "pkhbt %[a], %[a], %[d], lsl #16\n\t"  \
    "str %[a], [%[states]], #4\n\t"

/* Called with constant `doublings` and `plain`: zeta is 1, nu 0 and the shift 0, so that k is 1 - z itself. */
static inline __attribute__((always_inline)) void quant(const struct hil_cell_fixed *cell, const int16_t *pre,
                                                        uint32_t sequences, int16_t *states, const uint32_t doublings,
                                                        const int plain)
{
    const uint32_t pairs = cell->hidden / 2u;
    const int odd = cell->hidden & 1;
    const uint32_t one = HIL_ONE << 16 | HIL_ONE;
    const int32_t zeta = cell->zeta;
    const int32_t nu = cell->nu * HIL_ONE + HIL_ONE / 2;
    const int32_t shift = cell->shift;
    const int32_t half = plain ? HIL_ONE / 2 : ((1 << shift) >> 1) + (HIL_ONE / 2) * (1 << shift); /* of all roundings */
    for (; sequences != 0; sequences--) {
        const int16_t *bias = cell->bias_gate;
        for (uint32_t left = pairs; left != 0; left--) {
            uint32_t a, b, c, d;
            if (plain) {
                __asm volatile(GATES "smlabb %[a], %[b], %[c], %[half]\n\t"
                                     "smlatt %[d], %[b], %[c], %[half]\n\t"
                                     "ldr %[c], [%[states]]\n\t"
                                     "ssub16 %[b], %[one], %[b]\n\t" STATES
                               : [pre] "+r"(pre), [bias] "+r"(bias), [states] "+r"(states), [a] "=&r"(a), [b] "=&r"(b),
                                 [c] "=&r"(c), [d] "=&r"(d)
                               : [one] "r"(one), [half] "r"(half), [doublings] "i"(doublings)
                               : "cc", "memory");
            } else {
                __asm volatile(GATES "smlabb %[a], %[zeta], %[b], %[nu]\n\t"
                                     "smlabt %[d], %[zeta], %[b], %[nu]\n\t"
                                     "ssub16 %[b], %[one], %[b]\n\t"
                                     "asrs %[a], %[a], #14\n\t"
                                     "asrs %[d], %[d], #14\n\t"
                                     "smlabb %[a], %[a], %[c], %[half]\n\t"
                                     "smlabt %[d], %[d], %[c], %[half]\n\t"
                                     "ldr %[c], [%[states]]\n\t"
                                     "asr %[a], %[a], %[shift]\n\t"
                                     "asr %[d], %[d], %[shift]\n\t" STATES
                               : [pre] "+r"(pre), [bias] "+r"(bias), [states] "+r"(states), [a] "=&r"(a), [b] "=&r"(b),
                                 [c] "=&r"(c), [d] "=&r"(d)
                               : [one] "r"(one), [zeta] "r"(zeta), [nu] "r"(nu), [half] "r"(half), [shift] "r"(shift),
                                 [doublings] "i"(doublings)
                               : "cc", "memory");
            }
        }
        if (odd != 0) {
            hil_unit_step(cell, *pre++, bias, doublings, states++);
        }
    }
}

static inline __attribute__((always_inline)) void any(const struct hil_cell_fixed *cell, const int16_t *pre,
                                                      uint32_t sequences, int16_t *states, const uint32_t doublings)
{
    if (cell->zeta == HIL_ONE && cell->nu == 0 && cell->shift == 0) {
        quant(cell, pre, sequences, states, doublings, 1);
    } else {
        quant(cell, pre, sequences, states, doublings, 0);
    }
}

void hil_tail_quant13(const struct hil_cell_fixed *cell, int16_t *pre, uint32_t sequences, int16_t *states, int16_t *gates)
{
    (void)gates;
    any(cell, pre, sequences, states, 0);
}

void hil_tail_quant12(const struct hil_cell_fixed *cell, int16_t *pre, uint32_t sequences, int16_t *states, int16_t *gates)
{
    (void)gates;
    any(cell, pre, sequences, states, 1);
}

void hil_tail_quant11(const struct hil_cell_fixed *cell, int16_t *pre, uint32_t sequences, int16_t *states, int16_t *gates)
{
    (void)gates;
    any(cell, pre, sequences, states, 2);
}
