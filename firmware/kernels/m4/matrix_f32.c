/* VFMA fuses product and sum; the rows of a block share each load of x, and one multiple load brings the weights of all of
 * them. The weights go through s0 to s7, four columns of x through s8 to s11. */
#include "../matrix_f32.h"

#define ROUND8(x)                    \
    "vldmia %[w]!, {s0-s7}\n\t"      \
    "vfma.f32 %[a], s0, " x "\n\t"   \
    "vfma.f32 %[b], s1, " x "\n\t"   \
    "vfma.f32 %[c], s2, " x "\n\t"   \
    "vfma.f32 %[d], s3, " x "\n\t"   \
    "vfma.f32 %[e], s4, " x "\n\t"   \
    "vfma.f32 %[f], s5, " x "\n\t"   \
    "vfma.f32 %[g], s6, " x "\n\t"   \
    "vfma.f32 %[h], s7, " x "\n\t"
#define ROUND4(x)                    \
    "vldmia %[w]!, {s0-s3}\n\t"      \
    "vfma.f32 %[a], s0, " x "\n\t"   \
    "vfma.f32 %[b], s1, " x "\n\t"   \
    "vfma.f32 %[c], s2, " x "\n\t"   \
    "vfma.f32 %[d], s3, " x "\n\t"
#define ROUND2(x)                    \
    "vldmia %[w]!, {s0-s1}\n\t"      \
    "vfma.f32 %[a], s0, " x "\n\t"   \
    "vfma.f32 %[b], s1, " x "\n\t"
#define ROUND1(x)                    \
    "vldmia %[w]!, {s0}\n\t"         \
    "vfma.f32 %[a], s0, " x "\n\t"

/* All columns: four at a time, then what the last two bits of their number say. Below zero they still are those of the
 * remainder. */
#define COLUMNS(round)                                \
    "subs %[n], #4\n\t"                               \
    "blo 2f\n\t"                                      \
    "1:\n\t"                                          \
    "vldmia %[x]!, {s8-s11}\n\t"                      \
    round("s8") round("s9") round("s10") round("s11") \
    "subs %[n], #4\n\t"                               \
    "bhs 1b\n\t"                                      \
    "2:\n\t"                                          \
    "tst %[n], #2\n\t"                                \
    "beq 3f\n\t"                                      \
    "vldmia %[x]!, {s8-s9}\n\t"                       \
    round("s8") round("s9")                           \
    "3:\n\t"                                          \
    "tst %[n], #1\n\t"                                \
    "beq 4f\n\t"                                      \
    "vldr s8, [%[x]]\n\t"                             \
    round("s8")                                       \
    "4:\n\t"

#define SPOILT "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "cc", "memory"

struct sums {
    float a, b, c, d, e, f, g, h;
};

/* Adds one operand's products to the sums of a block; returns the weights behind it. */
static inline const float *add8(const float *w, const float *x, uint32_t n, struct sums *sums)
{
    __asm volatile(COLUMNS(ROUND8)
                   : [w] "+r"(w), [x] "+r"(x), [n] "+r"(n), [a] "+t"(sums->a), [b] "+t"(sums->b), [c] "+t"(sums->c),
                     [d] "+t"(sums->d), [e] "+t"(sums->e), [f] "+t"(sums->f), [g] "+t"(sums->g), [h] "+t"(sums->h)
                   :
                   : SPOILT);
    return w;
}

static inline const float *add4(const float *w, const float *x, uint32_t n, struct sums *sums)
{
    __asm volatile(COLUMNS(ROUND4)
                   : [w] "+r"(w), [x] "+r"(x), [n] "+r"(n), [a] "+t"(sums->a), [b] "+t"(sums->b), [c] "+t"(sums->c),
                     [d] "+t"(sums->d)
                   :
                   : SPOILT);
    return w;
}

static inline const float *add2(const float *w, const float *x, uint32_t n, struct sums *sums)
{
    __asm volatile(COLUMNS(ROUND2)
                   : [w] "+r"(w), [x] "+r"(x), [n] "+r"(n), [a] "+t"(sums->a), [b] "+t"(sums->b)
                   :
                   : SPOILT);
    return w;
}

static inline const float *add1(const float *w, const float *x, uint32_t n, struct sums *sums)
{
    __asm volatile(COLUMNS(ROUND1) : [w] "+r"(w), [x] "+r"(x), [n] "+r"(n), [a] "+t"(sums->a) : : SPOILT);
    return w;
}

/* The same for both operands, one after the other; a macro because it walks w and sums on. */
#define BOTH(add)                                 \
    do {                                          \
        const float *x = first;                   \
        uint32_t n = columns, following = columns2; \
        for (;;) {                                \
            w = add(w, x, n, &sums);              \
            if (following == 0) {                 \
                break;                            \
            }                                     \
            x = second;                           \
            n = following;                        \
            following = 0;                        \
        }                                         \
    } while (0)

void hil_project_f32(const struct hil_matrix_f32 *matrix, const float *first, const float *second, float *out)
{
    static const float zeros[8];
    const float *w = matrix->weights;
    const float *bias = matrix->bias != NULL ? matrix->bias : zeros;
    const uint32_t further = matrix->bias != NULL;
    const uint32_t columns = matrix->columns;
    const uint32_t columns2 = matrix->columns2;
    int32_t left = matrix->rows;
    for (; left >= 8; left -= 8) {
        struct sums sums = {bias[0], bias[1], bias[2], bias[3], bias[4], bias[5], bias[6], bias[7]};
        BOTH(add8);
        out[0] = sums.a;
        out[1] = sums.b;
        out[2] = sums.c;
        out[3] = sums.d;
        out[4] = sums.e;
        out[5] = sums.f;
        out[6] = sums.g;
        out[7] = sums.h;
        bias += 8 * further;
        out += 8;
    }
    if ((left & 4) != 0) {
        struct sums sums = {bias[0], bias[1], bias[2], bias[3], 0.0f, 0.0f, 0.0f, 0.0f};
        BOTH(add4);
        out[0] = sums.a;
        out[1] = sums.b;
        out[2] = sums.c;
        out[3] = sums.d;
        bias += 4 * further;
        out += 4;
    }
    if ((left & 2) != 0) {
        struct sums sums = {bias[0], bias[1], 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f};
        BOTH(add2);
        out[0] = sums.a;
        out[1] = sums.b;
        bias += 2 * further;
        out += 2;
    }
    if ((left & 1) != 0) {
        struct sums sums = {bias[0], 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f};
        BOTH(add1);
        *out = sums.a;
    }
}
