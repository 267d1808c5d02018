/* tanh by table: the multiple of 1/8 nearest to x chooses a cubic in what is left. A NaN stays one, as the cubic is taken of
 * it; what lies beyond the table, infinity included, meets flat ends. sigmoid(x) = (1 + tanh(x / 2)) / 2. */
#include "../soft_gates_f32.h"

#include "gates_f32_table.h"

/* s0 = tanh(s4 / 8), with s4 already in eighths; r2 and r3 are spoilt, and s0 to s5. Where the table ends, what is left
 * is taken to be any finite number: the ends are flat. */
#define TANH                           \
    "vcvtr.s32.f32 s5, s4\n\t"         \
    "vmov r2, s5\n\t"                  \
    "vcvt.f32.s32 s5, s5\n\t"          \
    "ssat r3, #7, r2\n\t"              \
    "vsub.f32 s4, s4, s5\n\t"          \
    "cmp r2, r3\n\t"                   \
    "add r3, %[table], r3, lsl #4\n\t" \
    "it ne\n\t"                        \
    "vmovne.f32 s4, s5\n\t"            \
    "vldmia r3, {s0-s3}\n\t"           \
    "vfma.f32 s2, s3, s4\n\t"          \
    "vfma.f32 s1, s2, s4\n\t"          \
    "vfma.f32 s0, s1, s4\n\t"

#define SPOILT "r2", "r3", "s0", "s1", "s2", "s3", "s4", "s5", "cc", "memory"

void hil_tanh_f32(const float *sums, const float *bias, uint32_t count, float *out)
{
    const float *const middle = &hil_tanh_cubic[256];
    for (; count != 0; count--) {
        __asm volatile("vldmia %[sums]!, {s4}\n\t"
                       "vldmia %[bias]!, {s5}\n\t"
                       "vadd.f32 s4, s4, s5\n\t"
                       "vmul.f32 s4, s4, %[eight]\n\t" TANH "vstmia %[out]!, {s0}\n\t"
                       : [sums] "+r"(sums), [bias] "+r"(bias), [out] "+r"(out)
                       : [table] "r"(middle), [eight] "t"(8.0f)
                       : SPOILT);
    }
}

void hil_sigmoid_f32(const float *sums, const float *bias, uint32_t count, float *out)
{
    const float *const middle = &hil_tanh_cubic[256];
    for (; count != 0; count--) {
        __asm volatile("vldmia %[sums]!, {s4}\n\t"
                       "vldmia %[bias]!, {s5}\n\t"
                       "vadd.f32 s4, s4, s5\n\t"
                       "vmul.f32 s4, s4, %[four]\n\t" TANH "vmov.f32 s1, %[half]\n\t"
                       "vfma.f32 s1, s0, %[half]\n\t"
                       "vstmia %[out]!, {s1}\n\t"
                       : [sums] "+r"(sums), [bias] "+r"(bias), [out] "+r"(out)
                       : [table] "r"(middle), [four] "t"(4.0f), [half] "t"(0.5f)
                       : SPOILT);
    }
}
