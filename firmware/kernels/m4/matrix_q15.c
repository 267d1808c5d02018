/* SMLAD: two products and both sums in one instruction. The rows of a block share each load of x, and one multiple load
 * brings the weights of all of them. */
#include "../matrix_q15.h"

#define WEIGHT int16_t

/* A pair of columns, and an odd last column, of four rows. */
#define PAIR4                        \
    "ldmia r0!, {r4, r5, r6, r7}\n\t" \
    "ldr r8, [r9], #4\n\t"           \
    "smlad r1, r4, r8, r1\n\t"       \
    "smlad r2, r5, r8, r2\n\t"       \
    "smlad r3, r6, r8, r3\n\t"       \
    "smlad r12, r7, r8, r12\n\t"
#define LAST4                        \
    "ldmia r0!, {r4, r5}\n\t"        \
    "ldrsh r8, [r9], #2\n\t"         \
    "smlabb r1, r4, r8, r1\n\t"      \
    "smlatb r2, r4, r8, r2\n\t"      \
    "smlabb r3, r5, r8, r3\n\t"      \
    "smlatb r12, r5, r8, r12\n\t"

/* The same of two rows, and of one. */
#define PAIR2                        \
    "ldmia r0!, {r4, r5}\n\t"        \
    "ldr r8, [r9], #4\n\t"           \
    "smlad r1, r4, r8, r1\n\t"       \
    "smlad r2, r5, r8, r2\n\t"
#define LAST2                        \
    "ldr r4, [r0], #4\n\t"           \
    "ldrsh r8, [r9], #2\n\t"         \
    "smlabb r1, r4, r8, r1\n\t"      \
    "smlatb r2, r4, r8, r2\n\t"
#define PAIR1                        \
    "ldr r4, [r0], #4\n\t"           \
    "ldr r8, [r9], #4\n\t"           \
    "smlad r1, r4, r8, r1\n\t"
#define LAST1                        \
    "ldr r4, [r0], #4\n\t"           \
    "ldrsh r8, [r9], #2\n\t"         \
    "smlabb r1, r4, r8, r1\n\t"

#define ROUND4 PAIR4 PAIR4 PAIR4 PAIR4
#define ROUND2 PAIR2 PAIR2 PAIR2 PAIR2
#define ROUND1 PAIR1 PAIR1 PAIR1 PAIR1

/* The last columns: a branch into as many pairs as there are, without or with an odd one behind. */
#define REST4                                        \
    "tbb [pc, r10]\n\t"                              \
    "50:\n\t"                                        \
    ".byte (60f-50b)/2, (57f-50b)/2, (53f-50b)/2, (56f-50b)/2\n\t" \
    ".byte (52f-50b)/2, (55f-50b)/2, (51f-50b)/2, (54f-50b)/2\n\t" \
    "51:\n\t" PAIR4                                  \
    "52:\n\t" PAIR4                                  \
    "53:\n\t" PAIR4                                  \
    "b 60f\n\t"                                      \
    "54:\n\t" PAIR4                                  \
    "55:\n\t" PAIR4                                  \
    "56:\n\t" PAIR4                                  \
    "57:\n\t" LAST4                                  \
    "60:\n\t"

/* Rarely needed: small rather than fast. */
#define REST(pair, last)  \
    "subs r10, #2\n\t"    \
    "blo 4f\n\t"          \
    "3:\n\t" pair         \
    "subs r10, #2\n\t"    \
    "bhs 3b\n\t"          \
    "4:\n\t"              \
    "adds r10, #1\n\t"    \
    "bne 5f\n\t" last     \
    "5:\n\t"
#define REST2 REST(PAIR2, LAST2)
#define REST1 REST(PAIR1, LAST1)

#include "project_fixed.h"

void hil_project_q15(const struct hil_matrix *matrix, const int16_t *first, const int16_t *second, int16_t *out)
{
    project(matrix, first, second, out);
}
