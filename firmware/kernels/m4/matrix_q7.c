/* SXTB16 widens every other byte of a word of weights, SMLAD multiplies and adds both. The rows of a block share each
 * load of x; their weights lie so that nothing has to be shuffled. */
#include "../matrix_q7.h"

#define WEIGHT int8_t

/* Four columns of x, in r7 and r8, and of one row: its weights are in `word`, which is spoilt, as is r6. */
#define X4                     \
    "ldr r7, [r9], #4\n\t"     \
    "ldr r8, [r9], #4\n\t"
#define ROW(word, sum)                              \
    "sxtb16 r6, " word "\n\t"                       \
    "smlad " sum ", r6, r7, " sum "\n\t"            \
    "sxtb16 " word ", " word ", ror #8\n\t"         \
    "smlad " sum ", " word ", r8, " sum "\n\t"
#define QUAD4                 \
    X4                        \
    "ldmia r0!, {r4, r5}\n\t" \
    ROW("r4", "r1")           \
    ROW("r5", "r2")           \
    "ldmia r0!, {r4, r5}\n\t" \
    ROW("r4", "r3")           \
    ROW("r5", "r12")
#define QUAD2                 \
    X4                        \
    "ldmia r0!, {r4, r5}\n\t" \
    ROW("r4", "r1")           \
    ROW("r5", "r2")
#define QUAD1                 \
    X4                        \
    "ldr r4, [r0], #4\n\t"    \
    ROW("r4", "r1")

/* One of the last columns: a byte for each row. */
#define BYTE(sum)                  \
    "ldrsb r4, [r0], #1\n\t"       \
    "smlabb " sum ", r4, r7, " sum "\n\t"
#define X1 "ldrsh r7, [r9], #2\n\t"
#define ONE4 X1 BYTE("r1") BYTE("r2") BYTE("r3") BYTE("r12")
#define ONE2 X1 BYTE("r1") BYTE("r2")
#define ONE1 X1 BYTE("r1")

#define ROUND4 QUAD4 QUAD4
#define ROUND2 QUAD2 QUAD2
#define ROUND1 QUAD1 QUAD1

/* The last columns: a branch to as many as there are, with or without four before them. */
#define REST4                                        \
    "tbb [pc, r10]\n\t"                              \
    "50:\n\t"                                        \
    ".byte (60f-50b)/2, (53f-50b)/2, (52f-50b)/2, (51f-50b)/2\n\t" \
    ".byte (54f-50b)/2, (54f-50b)/2, (54f-50b)/2, (54f-50b)/2\n\t" \
    "54:\n\t" QUAD4                                  \
    "tst r10, #2\n\t"                                \
    "beq 55f\n\t"                                    \
    "tst r10, #1\n\t"                                \
    "beq 52f\n\t"                                    \
    "51:\n\t" ONE4                                   \
    "52:\n\t" ONE4                                   \
    "53:\n\t" ONE4                                   \
    "b 60f\n\t"                                      \
    "55:\n\t"                                        \
    "tst r10, #1\n\t"                                \
    "bne 53b\n\t"                                    \
    "60:\n\t"

/* Rarely needed: small rather than fast. The last columns of one or two rows may leave a word half empty. */
#define REST(quad, one)   \
    "subs r10, #4\n\t"    \
    "blo 3f\n\t" quad     \
    "b 4f\n\t"            \
    "3:\n\t"              \
    "adds r10, #4\n\t"    \
    "4:\n\t"              \
    "cmp r10, #0\n\t"     \
    "beq 6f\n\t"          \
    "5:\n\t" one          \
    "subs r10, #1\n\t"    \
    "bne 5b\n\t"          \
    "6:\n\t"              \
    "add r0, #3\n\t"      \
    "bic r0, #3\n\t"
#define REST2 REST(QUAD2, ONE2)
#define REST1 REST(QUAD1, ONE1)

#include "project_fixed.h"

void hil_project_q7(const struct hil_matrix *matrix, const int16_t *first, const int16_t *second, int16_t *out)
{
    project(matrix, first, second, out);
}
