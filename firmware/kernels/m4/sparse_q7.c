/* Four instructions for each stored weight, two weights a round. */
#include "../sparse_q7.h"

#define WEIGHT int8_t
#define STORED                            \
    "ldrb %[i], [%[place]], #1\n\t"       \
    "ldrsb %[v], [%[weight]], #1\n\t"    \
    "ldrsh %[i], [%[x], %[i], lsl #1]\n\t" \
    "smlabb %[sum], %[i], %[v], %[sum]\n\t"

#include "sparse_fixed.h"

void hil_project_sparse_q7(const struct hil_matrix *matrix, const int16_t *first, const int16_t *second, int16_t *out)
{
    project_sparse(matrix, first, second, out);
}
