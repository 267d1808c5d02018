/* How a dense fixed-point matrix is applied on a Cortex-M4: what the kernels for 16-bit and for 8-bit weights share. The
 * includer defines WEIGHT, the weights' type, and assembly that adds products of columns to the sums of a block of rows.
 *
 *   ROUND4, REST4   eight columns of four rows; the last 0 to 7 columns, their number in r10
 *   ROUND2, REST2   the same for two rows: %[n] is the number of the last columns
 *   ROUND1, REST1   and for one
 *
 * The weights are at r0 and x at r9, both walk on; the rows' sums are r1, r2, r3 and r12; r4 to r8 may be spoilt.
 */
#include "../matrix_fixed.h"

#include "dsp.h"

struct operand {
    const int16_t *at;
    uint32_t rounds; /* of eight columns */
    uint32_t rest;
};

/* What the blocks of four rows need beside their registers. The compiler keeps it at the stack pointer. */
struct blocks {
    struct operand first, second;
    const int32_t *bias;
    uint32_t bias_step; /* bytes from one block's biases to the next's */
    const int32_t *multipliers;
    uint32_t step;
    int16_t *out;
    uint32_t rows; /* a multiple of four, more than none */
};

/* The columns of one operand. */
#define OPERAND4(place, rest)             \
    "ldrd r9, r10, %[" place "]\n\t"      \
    "cmp r10, #0\n\t"                     \
    "beq 3f\n\t"                          \
    "2:\n\t" ROUND4                       \
    "subs r10, #1\n\t"                    \
    "bne 2b\n\t"                          \
    "3:\n\t"                              \
    "ldr r10, %[" rest "]\n\t" REST4

/* All blocks of four rows; returns the weights behind them. */
static inline const WEIGHT *project4(const WEIGHT *weights, struct blocks *blocks)
{
    register const WEIGHT *w __asm("r0") = weights;
    __asm volatile("ldrd r11, lr, %[out]\n\t"
                   "1:\n\t"
                   "ldrd r4, r5, %[bias]\n\t"
                   "ldmia r4, {r1, r2, r3, r12}\n\t"
                   "add r4, r5\n\t"
                   "str r4, %[bias]\n\t" OPERAND4("first", "first_rest") OPERAND4("second", "second_rest")
                   "ldrd r4, r10, %[multipliers]\n\t"
                   "ldmia r4, {r5, r6, r7, r8}\n\t"
                   "add r4, r10\n\t"
                   "str r4, %[multipliers]\n\t"
                   "smmulr r1, r1, r5\n\t"
                   "smmulr r2, r2, r6\n\t"
                   "smmulr r3, r3, r7\n\t"
                   "smmulr r12, r12, r8\n\t"
                   "ssat r1, #16, r1\n\t"
                   "ssat r2, #16, r2\n\t"
                   "ssat r3, #16, r3\n\t"
                   "ssat r12, #16, r12\n\t"
                   "pkhbt r1, r1, r2, lsl #16\n\t"
                   "pkhbt r3, r3, r12, lsl #16\n\t"
                   "str r1, [r11], #4\n\t"
                   "str r3, [r11], #4\n\t"
                   "subs lr, #4\n\t"
                   "bne 1b\n\t"
                   : [w] "+r"(w), [bias] "+m"(blocks->bias), [multipliers] "+m"(blocks->multipliers)
                   : [out] "m"(blocks->out), [first] "m"(blocks->first.at), [first_rest] "m"(blocks->first.rest),
                     [second] "m"(blocks->second.at), [second_rest] "m"(blocks->second.rest)
                   : "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "lr", "cc", "memory");
    return w;
}

/* Two rows, or one, of one operand; the second sum then is not touched. */
#define ADD(name, round, last)                                                                        \
    static inline const WEIGHT *name(const WEIGHT *weights, const struct operand *operand, int32_t *sums) \
    {                                                                                                 \
        register const WEIGHT *w __asm("r0") = weights;                                               \
        register int32_t a __asm("r1") = sums[0];                                                     \
        register int32_t b __asm("r2") = sums[1];                                                     \
        register const int16_t *x __asm("r9") = operand->at;                                          \
        register uint32_t n __asm("r10") = operand->rounds;                                           \
        __asm volatile("cmp r10, #0\n\t"                                                              \
                       "beq 2f\n\t"                                                                   \
                       "1:\n\t" round "subs r10, #1\n\t"                                              \
                       "bne 1b\n\t"                                                                   \
                       "2:\n\t"                                                                       \
                       "mov r10, %[rest]\n\t" last                                                    \
                       : "+r"(w), "+r"(a), "+r"(b), "+r"(x), "+r"(n)                                  \
                       : [rest] "r"(operand->rest)                                                    \
                       : "r4", "r5", "r6", "r7", "r8", "cc", "memory");                               \
        sums[0] = a;                                                                                  \
        sums[1] = b;                                                                                  \
        return w;                                                                                     \
    }

ADD(add2, ROUND2, REST2)
ADD(add1, ROUND1, REST1)

static inline int16_t narrow(int32_t sum, int32_t multiplier)
{
    return (int16_t)hil_ssat16bits(hil_smmulr(sum, multiplier));
}

static inline __attribute__((always_inline)) void project(const struct hil_matrix *matrix, const int16_t *first,
                                                          const int16_t *second, int16_t *out)
{
    static const int32_t zeros[4];
    const uint32_t rows = matrix->rows;
    const uint32_t columns = matrix->columns;
    const uint32_t columns2 = matrix->columns2;
    const int32_t shared[4] = {matrix->multiplier, matrix->multiplier, matrix->multiplier, matrix->multiplier};
    const int each = matrix->multipliers != NULL;
    const int biased = matrix->bias != NULL;
    const WEIGHT *w = matrix->weights;
    struct blocks blocks = {
        .first = {first, columns / 8u, columns % 8u},
        .second = {second, columns2 / 8u, columns2 % 8u},
        .bias = biased ? matrix->bias : zeros,
        .bias_step = biased ? sizeof zeros : 0,
        .multipliers = each ? matrix->multipliers : shared,
        .step = each ? sizeof shared : 0,
        .out = out,
        .rows = rows & ~3u,
    };
    if (blocks.rows != 0) {
        w = project4(w, &blocks);
        out += blocks.rows;
    }
    if ((rows & 2u) != 0) {
        int32_t sums[2] = {blocks.bias[0], blocks.bias[1]};
        w = add2(w, &blocks.first, sums);
        w = add2(w, &blocks.second, sums);
        *out++ = narrow(sums[0], blocks.multipliers[0]);
        *out++ = narrow(sums[1], blocks.multipliers[1]);
        blocks.bias += biased ? 2 : 0;
        blocks.multipliers += each ? 2 : 0;
    }
    if ((rows & 1u) != 0) {
        int32_t sums[2] = {blocks.bias[0], 0};
        w = add1(w, &blocks.first, sums);
        (void)add1(w, &blocks.second, sums);
        *out = narrow(sums[0], blocks.multipliers[0]);
    }
}
