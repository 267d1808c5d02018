/* Four instructions for each stored weight, two weights a round. */
#include "../sparse_q15.h"

#define WEIGHT int16_t
#define STORED                            \
    "ldrb %[i], [%[place]], #1\n\t"       \
    "ldrsh %[v], [%[weight]], #2\n\t"    \
    "ldrsh %[i], [%[x], %[i], lsl #1]\n\t" \
    "smlabb %[sum], %[i], %[v], %[sum]\n\t"

#include "sparse_fixed.h"

void hil_project_sparse_q15(const struct hil_matrix *matrix, const int16_t *first, const int16_t *second, int16_t *out)
{
    project_sparse(matrix, first, second, out);
}
