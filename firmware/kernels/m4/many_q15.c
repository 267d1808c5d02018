/* SMLAD: two products and both sums in one instruction. A group is a pair of columns. */
#include "../many_q15.h"

#define COLUMNS 2u
#define OPERANDS                 \
    "ldmia r1!, {r4-r7}\n\t"     \
    "ldr r12, [r2], #4\n\t"
#define START                    \
    OPERANDS                     \
    "smuad r8, r4, r12\n\t"      \
    "smuad r9, r5, r12\n\t"      \
    "smuad r10, r6, r12\n\t"     \
    "smuad r11, r7, r12\n\t"
#define GROUP                    \
    OPERANDS                     \
    "smlad r8, r4, r12, r8\n\t"  \
    "smlad r9, r5, r12, r9\n\t"  \
    "smlad r10, r6, r12, r10\n\t" \
    "smlad r11, r7, r12, r11\n\t"

#include "many_fixed.h"

void hil_many_q15(const struct hil_matrix *matrix, const struct hil_vectors *vectors, int16_t *out)
{
    many(matrix, vectors, sizeof(int16_t), out);
}
