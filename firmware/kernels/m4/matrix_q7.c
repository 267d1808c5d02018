/* SXTB16 widens every other byte of a word of weights, SMLAD multiplies and adds both. The rows of a block share each
 * load of x; their weights lie so that nothing has to be shuffled. */
#include "../matrix_q7.h"

#define WEIGHT int8_t
#define SPOILT "r4", "r5", "r6"

/* Four columns of one row: its weights are in `word`, which is spoilt, as is r6. */
#define ROW(word, sum)                             \
    "sxtb16 r6, " word "\n\t"                      \
    "smlad %[" sum "], r6, %[v], %[" sum "]\n\t"   \
    "sxtb16 " word ", " word ", ror #8\n\t"        \
    "smlad %[" sum "], " word ", %[u], %[" sum "]\n\t"
#define X4                     \
    "ldr %[v], [%[x]], #4\n\t" \
    "ldr %[u], [%[x]], #4\n\t"
#define QUAD4                   \
    X4                          \
    "ldmia %[w]!, {r4, r5}\n\t" \
    ROW("r4", "a")              \
    ROW("r5", "b")              \
    "ldmia %[w]!, {r4, r5}\n\t" \
    ROW("r4", "c")              \
    ROW("r5", "d")
#define QUAD2                   \
    X4                          \
    "ldmia %[w]!, {r4, r5}\n\t" \
    ROW("r4", "a")              \
    ROW("r5", "b")
#define QUAD1                \
    X4                       \
    "ldr r4, [%[w]], #4\n\t" \
    ROW("r4", "a")

/* One of the last columns of one row: a byte. */
#define BYTE(sum)                \
    "ldrsb r4, [%[w]], #1\n\t"   \
    "smlabb %[" sum "], r4, %[v], %[" sum "]\n\t"
#define X1 "ldrsh %[v], [%[x]], #2\n\t"
#define ONE4 X1 BYTE("a") BYTE("b") BYTE("c") BYTE("d")
#define ONE2 X1 BYTE("a") BYTE("b")
#define ONE1 X1 BYTE("a")

/* The last columns of one or two rows may leave a word half empty. */
#define WHOLE_WORDS "add %[w], #3\n\tbic %[w], #3\n\t"

/* All columns: eight at a time, then what the last three bits of their number say. Below zero they still are those of
 * the remainder. */
#define COLUMNS(quad, one)   \
    "subs %[n], #8\n\t"      \
    "blo 2f\n\t"             \
    "1:\n\t" quad quad       \
    "subs %[n], #8\n\t"      \
    "bhs 1b\n\t"             \
    "2:\n\t"                 \
    "tst %[n], #4\n\t"       \
    "beq 3f\n\t" quad        \
    "3:\n\t"                 \
    "tst %[n], #2\n\t"       \
    "beq 4f\n\t" one one     \
    "4:\n\t"                 \
    "tst %[n], #1\n\t"       \
    "beq 5f\n\t" one         \
    "5:\n\t"

#define COLUMNS4 COLUMNS(QUAD4, ONE4)
#define COLUMNS2 COLUMNS(QUAD2, ONE2) WHOLE_WORDS
#define COLUMNS1 COLUMNS(QUAD1, ONE1) WHOLE_WORDS

#include "project_fixed.h"

void hil_project_q7(const struct hil_matrix *matrix, const int16_t *first, const int16_t *second, int16_t *out)
{
    project_any(matrix, first, second, out);
}
