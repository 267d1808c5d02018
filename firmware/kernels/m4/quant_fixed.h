/* Two units of a FastGRNN with quantSigm and quantTanh at a time, in the halves of a register: what its tails share. */
#ifndef HIL_QUANT_FIXED_H
#define HIL_QUANT_FIXED_H

/* From the sums and biases to 1 - z in b and the update in c, both units' halves. */
#define HIL_QUANT_GATES                   \
    "ldr %[a], [%[pre]], #4\n\t"          \
    "ldrd %[b], %[c], [%[bias]], #8\n\t"  \
    "qsub16 %[b], %[b], %[a]\n\t"         \
    "qadd16 %[c], %[c], %[a]\n\t"         \
    ".rept %c[doublings]\n\t"             \
    "qadd16 %[b], %[b], %[b]\n\t"         \
    "qadd16 %[c], %[c], %[c]\n\t"         \
    ".endr\n\t"                           \
    "qadd16 %[c], %[c], %[c]\n\t"         \
    "usat16 %[b], #14, %[b]\n\t"          \
    "ssat16 %[c], #15, %[c]\n\t"

/* From z in b, the state in c and what the update adds in a and d to the next state. */
#define HIL_QUANT_STATES                  \
    "smlabb %[a], %[b], %[c], %[a]\n\t"   \
    "smlatt %[d], %[b], %[c], %[d]\n\t"   \
    "ssat %[a], #16, %[a], asr #14\n\t"   \
    "ssat %[d], #16, %[d], asr #14\n\t"   \
    "pkhbt %[a], %[a], %[d], lsl #16\n\t" \
    "str %[a], [%[states]], #4\n\t"

#endif
