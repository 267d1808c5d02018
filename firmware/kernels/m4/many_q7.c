/* SXTB16 widens every other byte of a word of weights, SMLAD multiplies and adds both. A group is four columns. */
#include "../many_q7.h"

#define COLUMNS 4u

/* Four columns of one row, whose weights are in `word`: it and r6 are spoilt. */
#define ROW(first, word, sum)                   \
    "sxtb16 r6, " word "\n\t"                   \
    first(sum)                                  \
    "sxtb16 " word ", " word ", ror #8\n\t"     \
    "smlad " sum ", " word ", r7, " sum "\n\t"
#define SET(sum) "smuad " sum ", r6, r12\n\t"
#define ADD(sum) "smlad " sum ", r6, r12, " sum "\n\t"

#define ROWS(first)                             \
    "ldr r12, [r2], #4\n\t"                     \
    "ldr r7, [r2], #4\n\t"                      \
    "ldmia r1!, {r4, r5}\n\t"                   \
    ROW(first, "r4", "r8")                      \
    ROW(first, "r5", "r9")                      \
    "ldmia r1!, {r4, r5}\n\t"                   \
    ROW(first, "r4", "r10")                     \
    ROW(first, "r5", "r11")
#define START ROWS(SET)
#define GROUP ROWS(ADD)

#include "many_fixed.h"

void hil_many_q7(const struct hil_matrix *matrix, const struct hil_vectors *vectors, int16_t *out)
{
    many(matrix, vectors, sizeof(int8_t), out);
}
