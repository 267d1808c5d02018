/* Several pairs of vectors by a dense matrix of 16-bit weights: see many.h. */
#ifndef HIL_MANY_Q15_H
#define HIL_MANY_Q15_H

#include "many.h"

void hil_many_q15(const struct hil_matrix *matrix, const struct hil_vectors *vectors, int16_t *out);

#endif
