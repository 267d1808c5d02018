/* How a sparse fixed-point matrix is applied on a Cortex-M4: what the kernels for 16-bit and for 8-bit weights share. The
 * includer defines WEIGHT, the weights' type, and STORED, assembly that adds the product of one stored weight. */
#include "../matrix_fixed.h"

#include "dsp.h"

/* One operand's stored weights of one row. */
static inline int32_t add_stored(const uint8_t **places, const WEIGHT **weights, const int16_t *x, int32_t sum)
{
    const uint8_t *place = *places;
    const WEIGHT *weight = *weights;
    uint32_t left = *place++;
    uint32_t i;
    int32_t v;
    __asm volatile("subs %[left], #2\n\t"
                   "blo 2f\n\t"
                   "1:\n\t" STORED STORED
                   "subs %[left], #2\n\t"
                   "bhs 1b\n\t"
                   "2:\n\t"
                   "adds %[left], #1\n\t"
                   "bne 3f\n\t" STORED
                   "3:\n\t"
                   : [place] "+r"(place), [weight] "+r"(weight), [left] "+r"(left), [sum] "+r"(sum), [i] "=&r"(i),
                     [v] "=&r"(v)
                   : [x] "r"(x)
                   : "cc", "memory");
    *places = place;
    *weights = weight;
    return sum;
}

static inline __attribute__((always_inline)) void project_sparse(const struct hil_matrix *matrix, const int16_t *first,
                                                                 const int16_t *second, int16_t *out)
{
    const uint8_t *place = matrix->places;
    const WEIGHT *weight = matrix->weights;
    const int32_t *bias = matrix->bias;
    const uint32_t step = matrix->multipliers != NULL;
    const int32_t *multiplier = step != 0 ? matrix->multipliers : &matrix->multiplier;
    const uint32_t columns2 = matrix->columns2;
    for (uint32_t left = matrix->rows; left != 0; left--) {
        int32_t sum = bias != NULL ? *bias++ : 0;
        sum = add_stored(&place, &weight, first, sum);
        if (columns2 != 0) {
            sum = add_stored(&place, &weight, second, sum);
        }
        *out++ = (int16_t)hil_ssat16bits(hil_smmulr(sum, *multiplier));
        multiplier += step;
    }
}
