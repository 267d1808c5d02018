/* Matrix by vector in q15, with exact 32-bit sums. */
#ifndef HIL_MATVEC_Q15_H
#define HIL_MATVEC_Q15_H

#include <stdint.h>

/* out = matrix vector; matrix: rows x columns, row-major; out must not overlap vector. The caller makes sure that no
 * row's sum of magnitudes leaves 32 bits, so every order of summing gives the same. */
void hil_matvec_q15(const int16_t *matrix, const int16_t *vector, uint32_t rows, uint32_t columns, int32_t *out);

/* out[i] = saturate((sums[i] + half) >> shift), rounding to nearest. */
void hil_requantise_q15(const int32_t *sums, uint32_t shift, uint32_t count, int16_t *out);

#endif
