#include "many_q15.h"

void hil_many_q15(const struct hil_matrix *matrix, const struct hil_vectors *vectors, int16_t *out)
{
    hil_one_by_one(matrix, vectors, out);
}
