#include "many_f32.h"

void hil_many_f32(const struct hil_matrix_f32 *matrix, const struct hil_vectors_f32 *vectors, float *out)
{
    hil_one_by_one_f32(matrix, vectors, out);
}
