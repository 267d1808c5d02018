/* SMLAD: two products and both sums in one instruction. The rows of a block share each load of x, and one multiple load
 * brings the weights of all of them. */
#include "../matrix_q15.h"

#define WEIGHT int16_t
#define SPOILT "r4", "r5", "r6", "r8"

/* A pair of columns, and an odd last column, for the four rows whose sums are a to d. */
#define PAIR4                           \
    "ldmia %[w]!, {r4, r5, r6, r8}\n\t" \
    "ldr %[v], [%[x]], #4\n\t"          \
    "smlad %[a], r4, %[v], %[a]\n\t"    \
    "smlad %[b], r5, %[v], %[b]\n\t"    \
    "smlad %[c], r6, %[v], %[c]\n\t"    \
    "smlad %[d], r8, %[v], %[d]\n\t"
#define LAST4                           \
    "ldmia %[w]!, {r4, r5}\n\t"         \
    "ldrsh %[v], [%[x]], #2\n\t"        \
    "smlabb %[a], r4, %[v], %[a]\n\t"   \
    "smlatb %[b], r4, %[v], %[b]\n\t"   \
    "smlabb %[c], r5, %[v], %[c]\n\t"   \
    "smlatb %[d], r5, %[v], %[d]\n\t"

/* The same for two rows, and for one. */
#define PAIR2                         \
    "ldmia %[w]!, {r4, r5}\n\t"       \
    "ldr %[v], [%[x]], #4\n\t"        \
    "smlad %[a], r4, %[v], %[a]\n\t"  \
    "smlad %[b], r5, %[v], %[b]\n\t"
#define LAST2                         \
    "ldr r4, [%[w]], #4\n\t"          \
    "ldrsh %[v], [%[x]], #2\n\t"      \
    "smlabb %[a], r4, %[v], %[a]\n\t" \
    "smlatb %[b], r4, %[v], %[b]\n\t"
#define PAIR1                  \
    "ldr r4, [%[w]], #4\n\t"   \
    "ldr %[v], [%[x]], #4\n\t" \
    "smlad %[a], r4, %[v], %[a]\n\t"
#define LAST1                    \
    "ldr r4, [%[w]], #4\n\t"     \
    "ldrsh %[v], [%[x]], #2\n\t" \
    "smlabb %[a], r4, %[v], %[a]\n\t"

/* All columns: eight at a time, then what the last three bits of their number say. Below zero they still are those of
 * the remainder. */
#define COLUMNS(pair, last)      \
    "subs %[n], #8\n\t"          \
    "blo 2f\n\t"                 \
    "1:\n\t" pair pair pair pair \
    "subs %[n], #8\n\t"          \
    "bhs 1b\n\t"                 \
    "2:\n\t"                     \
    "tst %[n], #4\n\t"           \
    "beq 3f\n\t" pair pair       \
    "3:\n\t"                     \
    "tst %[n], #2\n\t"           \
    "beq 4f\n\t" pair            \
    "4:\n\t"                     \
    "tst %[n], #1\n\t"           \
    "beq 5f\n\t" last            \
    "5:\n\t"

#define COLUMNS4 COLUMNS(PAIR4, LAST4)
#define COLUMNS2 COLUMNS(PAIR2, LAST2)
#define COLUMNS1 COLUMNS(PAIR1, LAST1)

#include "project_fixed.h"

void hil_project_q15(const struct hil_matrix *matrix, const int16_t *first, const int16_t *second, int16_t *out)
{
    project_any(matrix, first, second, out);
}
