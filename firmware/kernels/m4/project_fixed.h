/* How a dense fixed-point matrix goes through its blocks of rows on a Cortex-M4: what the kernels for 16-bit and for 8-bit
 * weights share. The includer defines
 *   WEIGHT                          the weights' type
 *   COLUMNS4, COLUMNS2, COLUMNS1    assembly that adds the products of all %[n] columns of one operand to the sums %[a] to
 *                                   %[d] of so many rows, %[w] and %[x] walking along, %[v] and %[u] to be used freely
 *   SPOILT                          the registers besides that it uses
 */
#include "../matrix_fixed.h"

#include "dsp.h"

struct sums {
    int32_t a, b, c, d;
};

/* Adds one operand's products to the sums of a block; returns the weights behind it. */
static inline const WEIGHT *add4(const WEIGHT *w, const int16_t *x, uint32_t n, struct sums *sums)
{
    int32_t v, u;
    __asm volatile(COLUMNS4
                   : [w] "+r"(w), [x] "+r"(x), [n] "+r"(n), [a] "+r"(sums->a), [b] "+r"(sums->b), [c] "+r"(sums->c),
                     [d] "+r"(sums->d), [v] "=&r"(v), [u] "=&r"(u)
                   :
                   : SPOILT, "cc", "memory");
    return w;
}

static inline const WEIGHT *add2(const WEIGHT *w, const int16_t *x, uint32_t n, struct sums *sums)
{
    int32_t v, u;
    __asm volatile(COLUMNS2
                   : [w] "+r"(w), [x] "+r"(x), [n] "+r"(n), [a] "+r"(sums->a), [b] "+r"(sums->b), [v] "=&r"(v),
                     [u] "=&r"(u)
                   :
                   : SPOILT, "cc", "memory");
    return w;
}

static inline const WEIGHT *add1(const WEIGHT *w, const int16_t *x, uint32_t n, struct sums *sums)
{
    int32_t v, u;
    __asm volatile(COLUMNS1
                   : [w] "+r"(w), [x] "+r"(x), [n] "+r"(n), [a] "+r"(sums->a), [v] "=&r"(v), [u] "=&r"(u)
                   :
                   : SPOILT, "cc", "memory");
    return w;
}

static inline int16_t narrow(int32_t sum, int32_t multiplier)
{
    return (int16_t)hil_ssat16bits(hil_smmulr(sum, multiplier));
}

/* The same for both operands, one after the other; a macro because it walks w and sums on. */
#define BOTH(add)                                 \
    do {                                          \
        const int16_t *x = first;                 \
        uint32_t n = columns, further = columns2; \
        for (;;) {                                \
            w = add(w, x, n, &sums);              \
            if (further == 0) {                   \
                break;                            \
            }                                     \
            x = second;                           \
            n = further;                          \
            further = 0;                          \
        }                                         \
    } while (0)

/* Called with `plain` constant: no bias and one multiplier for all rows, as in the matrices of cells. */
static inline __attribute__((always_inline)) void project(const struct hil_matrix *matrix, const int16_t *first,
                                                          const int16_t *second, int16_t *out, int plain)
{
    static const int32_t zeros[4];
    const WEIGHT *w = matrix->weights;
    const uint32_t columns = matrix->columns;
    const uint32_t columns2 = matrix->columns2;
    const int32_t *bias = matrix->bias != NULL ? matrix->bias : zeros;
    const uint32_t bias_step = matrix->bias != NULL;
    const int32_t *multiplier = matrix->multipliers != NULL ? matrix->multipliers : &matrix->multiplier;
    const uint32_t step = matrix->multipliers != NULL;
    const int32_t shared = matrix->multiplier;
    int32_t left = matrix->rows;
    for (; left >= 4; left -= 4) {
        struct sums sums = {0, 0, 0, 0};
        if (!plain) {
            sums = (struct sums){bias[0], bias[1], bias[2], bias[3]};
            bias += 4 * bias_step;
        }
        BOTH(add4);
        out[0] = narrow(sums.a, plain ? shared : multiplier[0]);
        out[1] = narrow(sums.b, plain ? shared : multiplier[step]);
        out[2] = narrow(sums.c, plain ? shared : multiplier[2 * step]);
        out[3] = narrow(sums.d, plain ? shared : multiplier[3 * step]);
        multiplier += 4 * step;
        out += 4;
    }
    if ((left & 2) != 0) {
        struct sums sums = {plain ? 0 : bias[0], plain ? 0 : bias[1], 0, 0};
        bias += 2 * bias_step;
        BOTH(add2);
        out[0] = narrow(sums.a, plain ? shared : multiplier[0]);
        out[1] = narrow(sums.b, plain ? shared : multiplier[step]);
        multiplier += 2 * step;
        out += 2;
    }
    if ((left & 1) != 0) {
        struct sums sums = {plain ? 0 : bias[0], 0, 0, 0};
        BOTH(add1);
        *out = narrow(sums.a, plain ? shared : *multiplier);
    }
}

static inline __attribute__((always_inline)) void project_any(const struct hil_matrix *matrix, const int16_t *first,
                                                              const int16_t *second, int16_t *out)
{
    if (matrix->multipliers == NULL && matrix->bias == NULL) {
        project(matrix, first, second, out, 1);
    } else {
        project(matrix, first, second, out, 0);
    }
}
