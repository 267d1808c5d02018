/* VFMA fuses product and sum; the rows of a block share each load of x, and one multiple load brings the weights of all of
 * them. */
#include "../matrix_f32.h"

/* One column, which is in `x`, of eight rows: their sums are s16 to s23, their weights go through s0 to s7. */
#define COLUMN8(x)                \
    "vldmia r0!, {s0-s7}\n\t"     \
    "vfma.f32 s16, s0, " x "\n\t" \
    "vfma.f32 s17, s1, " x "\n\t" \
    "vfma.f32 s18, s2, " x "\n\t" \
    "vfma.f32 s19, s3, " x "\n\t" \
    "vfma.f32 s20, s4, " x "\n\t" \
    "vfma.f32 s21, s5, " x "\n\t" \
    "vfma.f32 s22, s6, " x "\n\t" \
    "vfma.f32 s23, s7, " x "\n\t"
#define COLUMN4(x)                \
    "vldmia r0!, {s0-s3}\n\t"     \
    "vfma.f32 s16, s0, " x "\n\t" \
    "vfma.f32 s17, s1, " x "\n\t" \
    "vfma.f32 s18, s2, " x "\n\t" \
    "vfma.f32 s19, s3, " x "\n\t"
#define COLUMN2(x)                \
    "vldmia r0!, {s0-s1}\n\t"     \
    "vfma.f32 s16, s0, " x "\n\t" \
    "vfma.f32 s17, s1, " x "\n\t"
#define COLUMN1(x)                \
    "vldmia r0!, {s0}\n\t"        \
    "vfma.f32 s16, s0, " x "\n\t"

/* The columns of the operand that `place` points to, four at a time and then the rest. */
#define OPERAND(column, place, rest)                      \
    "ldrd r1, r2, %[" place "]\n\t"                       \
    "cmp r2, #0\n\t"                                      \
    "beq 3f\n\t"                                          \
    "2:\n\t"                                              \
    "vldmia r1!, {s8-s11}\n\t"                            \
    column("s8") column("s9") column("s10") column("s11") \
    "subs r2, #1\n\t"                                     \
    "bne 2b\n\t"                                          \
    "3:\n\t"                                              \
    "ldr r2, %[" rest "]\n\t"                             \
    "cbz r2, 5f\n\t"                                      \
    "4:\n\t"                                              \
    "vldmia r1!, {s8}\n\t"                                \
    column("s8")                                          \
    "subs r2, #1\n\t"                                     \
    "bne 4b\n\t"                                          \
    "5:\n\t"

struct operand {
    const float *at;
    uint32_t rounds; /* of four columns */
    uint32_t rest;
};

struct blocks {
    struct operand first, second;
};

/* `count` blocks of the same number of rows; their sums start from bias and walk on by `step` bytes. A macro, as the
 * assembly is another for each height. */
#define PROJECT(name, column, sums, bytes)                                                                    \
    static inline const float *name(const float *weights, const struct blocks *blocks, const float **bias,    \
                                    uint32_t step, float **out, uint32_t count)                               \
    {                                                                                                         \
        register const float *w __asm("r0") = weights;                                                        \
        const float *from = *bias;                                                                            \
        float *to = *out;                                                                                     \
        __asm volatile("1:\n\t"                                                                               \
                       "vldmia %[from], {" sums "}\n\t"                                                       \
                       "add %[from], %[step]\n\t" OPERAND(column, "first", "first_rest")                      \
                           OPERAND(column, "second", "second_rest") "vstmia %[to]!, {" sums "}\n\t"           \
                       "subs %[count], #1\n\t"                                                                \
                       "bne 1b\n\t"                                                                           \
                       : "+r"(w), [from] "+r"(from), [to] "+r"(to), [count] "+r"(count)                       \
                       : [step] "r"(step * (bytes)), [first] "m"(blocks->first.at),                           \
                         [first_rest] "m"(blocks->first.rest), [second] "m"(blocks->second.at),               \
                         [second_rest] "m"(blocks->second.rest)                                               \
                       : "r1", "r2", "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10",       \
                         "s11", "s16", "s17", "s18", "s19", "s20", "s21", "s22", "s23", "cc", "memory");      \
        *bias = from;                                                                                         \
        *out = to;                                                                                            \
        return w;                                                                                             \
    }

PROJECT(project8, COLUMN8, "s16-s23", 32u)
PROJECT(project4, COLUMN4, "s16-s19", 16u)
PROJECT(project2, COLUMN2, "s16-s17", 8u)
PROJECT(project1, COLUMN1, "s16", 4u)

void hil_project_f32(const struct hil_matrix_f32 *matrix, const float *first, const float *second, float *out)
{
    static const float zeros[8];
    const uint32_t rows = matrix->rows;
    const uint32_t columns = matrix->columns;
    const uint32_t columns2 = matrix->columns2;
    const uint32_t step = matrix->bias != NULL;
    const struct blocks blocks = {{first, columns / 4u, columns % 4u}, {second, columns2 / 4u, columns2 % 4u}};
    const float *bias = step != 0 ? matrix->bias : zeros;
    const float *w = matrix->weights;
    if (rows >= 8u) {
        w = project8(w, &blocks, &bias, step, &out, rows / 8u);
    }
    if ((rows & 4u) != 0) {
        w = project4(w, &blocks, &bias, step, &out, 1);
    }
    if ((rows & 2u) != 0) {
        w = project2(w, &blocks, &bias, step, &out, 1);
    }
    if ((rows & 1u) != 0) {
        (void)project1(w, &blocks, &bias, step, &out, 1);
    }
}
