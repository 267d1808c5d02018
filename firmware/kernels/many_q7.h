/* Several pairs of vectors by a dense matrix of 8-bit weights: see many.h. */
#ifndef HIL_MANY_Q7_H
#define HIL_MANY_Q7_H

#include "many.h"

void hil_many_q7(const struct hil_matrix *matrix, const struct hil_vectors *vectors, int16_t *out);

#endif
