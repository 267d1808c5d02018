#include "matvec_q15.h"

#include <stddef.h>
#include <string.h>

#include "q15.h"

/* Two neighbours in one register: one load for both, and a compiler for the M4 multiplies either half in place. */
static inline uint32_t pair(const int16_t *values)
{
    uint32_t both;
    memcpy(&both, values, sizeof both);
    return both;
}

/* Which half holds the first neighbour depends on the byte order, but it does so for both factors alike. */
static inline int32_t add_products(int32_t sum, uint32_t weights, uint32_t values)
{
    sum += (int16_t)weights * (int16_t)values;
    return sum + ((int32_t)weights >> 16) * ((int32_t)values >> 16);
}

enum { MOST_ROWS = 4 };

/* `rows` rows, at most MOST_ROWS, share each load of the vector and the loop's own instructions. Inlined with a
 * constant number of rows, so that the sums and the rows' addresses are registers. */
static inline void block(const int16_t *matrix, const int16_t *vector, const uint32_t rows, uint32_t columns,
                         int32_t *out)
{
    const int16_t *row[MOST_ROWS];
    int32_t sum[MOST_ROWS];
    for (uint32_t i = 0; i < rows; i++) {
        row[i] = matrix + (size_t)i * columns;
        sum[i] = 0;
    }
    for (const int16_t *end = vector + (columns & ~UINT32_C(1)); vector != end; vector += 2) {
        const uint32_t x = pair(vector);
        for (uint32_t i = 0; i < rows; i++) {
            sum[i] = add_products(sum[i], pair(row[i]), x);
            row[i] += 2;
        }
    }
    for (uint32_t i = 0; i < rows; i++) {
        out[i] = (columns & 1) != 0 ? sum[i] + *row[i] * (int32_t)*vector : sum[i];
    }
}

void hil_matvec_q15(const int16_t *matrix, const int16_t *vector, uint32_t rows, uint32_t columns, int32_t *out)
{
    for (; rows >= 4; rows -= 4) {
        block(matrix, vector, 4, columns, out);
        matrix += (size_t)4 * columns;
        out += 4;
    }
    for (; rows != 0; rows--) {
        block(matrix, vector, 1, columns, out);
        matrix += columns;
        out++;
    }
}

void hil_requantise_q15(const int32_t *sums, uint32_t shift, uint32_t count, int16_t *out)
{
    const int32_t half = hil_half_q15(shift);
    for (uint32_t i = 0; i < count; i++) {
        out[i] = hil_saturate_q15((sums[i] + half) >> shift);
    }
}
