#include "many_q7.h"

void hil_many_q7(const struct hil_matrix *matrix, const struct hil_vectors *vectors, int16_t *out)
{
    hil_one_by_one(matrix, vectors, out);
}
