#include "matvec_f32.h"

#include <stddef.h>

enum { MOST_ROWS = 8 };

/* `rows` rows, at most MOST_ROWS, share each load of the vector and the loop's own instructions. Inlined with a
 * constant number of rows, so that the sums and the rows' addresses are registers. */
static inline void block(const float *matrix, const float *vector, const uint32_t rows, uint32_t columns, float *out)
{
    const float *row[MOST_ROWS];
    float sum[MOST_ROWS];
    for (uint32_t i = 0; i < rows; i++) {
        row[i] = matrix + (size_t)i * columns;
        sum[i] = 0.0f;
    }
    for (const float *end = vector + columns; vector != end; vector++) {
        const float x = *vector;
        for (uint32_t i = 0; i < rows; i++) {
            sum[i] += *row[i]++ * x;
        }
    }
    for (uint32_t i = 0; i < rows; i++) {
        out[i] = sum[i];
    }
}

void hil_matvec_f32(const float *matrix, const float *vector, uint32_t rows, uint32_t columns, float *out)
{
    for (; rows >= 8; rows -= 8) {
        block(matrix, vector, 8, columns, out);
        matrix += (size_t)8 * columns;
        out += 8;
    }
    if (rows >= 4) {
        block(matrix, vector, 4, columns, out);
        matrix += (size_t)4 * columns;
        out += 4;
        rows -= 4;
    }
    for (; rows != 0; rows--) {
        block(matrix, vector, 1, columns, out);
        matrix += columns;
        out++;
    }
}
