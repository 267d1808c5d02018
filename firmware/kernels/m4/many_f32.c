/* VFMA fuses product and sum. A block of eight rows has its sums in s16 to s23; the weights of two columns go through s0 to
 * s15, a group of four columns of x through s24 to s27. What changes once per pair of vectors lies in the job that r0 points
 * to. */
#include "../many_f32.h"

#define COLUMNS 4u

struct job {
    const float *weights; /* 0 */
    const float *end;     /* 4: behind the weights */
    const float *first;   /* 8 */
    const float *second;  /* 12 */
    int32_t first_step;   /* 16: in bytes */
    int32_t second_step;  /* 20 */
    uint32_t count;       /* 24 */
    uint16_t rounds1;     /* 28: of two groups of the first operand, without the one that starts, the last one first */
    uint16_t rounds2;     /* 30 */
    uint8_t entry1;       /* 32: where the first of these rounds is entered: 0 or 1; 2: no round */
    uint8_t entry2;       /* 33 */
};

#define PART(operation, a, b, c, d, e, f, g, h, x)                                                       \
    operation " s16, " a ", " x "\n\t" operation " s17, " b ", " x "\n\t" operation " s18, " c ", " x "\n\t" \
    operation " s19, " d ", " x "\n\t" operation " s20, " e ", " x "\n\t" operation " s21, " f ", " x "\n\t" \
    operation " s22, " g ", " x "\n\t" operation " s23, " h ", " x "\n\t"
#define EVEN(operation, x) PART(operation, "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", x)
#define ODD(x) PART("vfma.f32", "s8", "s9", "s10", "s11", "s12", "s13", "s14", "s15", x)
#define FOUR(first)                 \
    "vldmia r2!, {s24-s27}\n\t"     \
    "vldmia r1!, {s0-s15}\n\t"      \
    EVEN(first, "s24") ODD("s25")   \
    "vldmia r1!, {s0-s15}\n\t"      \
    EVEN("vfma.f32", "s26") ODD("s27")
#define START FOUR("vmul.f32")
#define GROUP FOUR("vfma.f32")

/* All groups of an operand but one that started: rounds of two, the first of which may be entered late. */
#define GROUPS(rounds, entry)         \
    "ldrb r12, [r0, #" entry "]\n\t"  \
    "ldrh r3, [r0, #" rounds "]\n\t"  \
    "tbb [pc, r12]\n"                 \
    "1:\t.byte (2f - 1b) / 2\n\t"     \
    ".byte (3f - 1b) / 2\n\t"         \
    ".byte (4f - 1b) / 2\n\t"         \
    ".balign 2\n"                     \
    "2:\t" GROUP "3:\t" GROUP         \
    "subs r3, #1\n\t"                 \
    "bne 2b\n"                        \
    "4:\n\t"

_Static_assert(offsetof(struct job, first) == 8 && offsetof(struct job, first_step) == 16 &&
                   offsetof(struct job, count) == 24 && offsetof(struct job, rounds1) == 28 &&
                   offsetof(struct job, entry2) == 33,
               "the assembly below has these numbers");

/* The compiler may not look into it: it would not see what the assembly reads. */
static __attribute__((naked, noipa)) void run(struct job *job __attribute__((unused)), float *out __attribute__((unused)))
{
    __asm volatile("push {r4-r7, lr}\n\t"
                   "vpush {s16-s27}\n\t"
                   "mov lr, r1\n"
                   "7:\n\t" /* a pair of vectors */
                   "ldr r1, [r0]\n"
                   "8:\n\t" /* a block of rows */
                   "ldr r2, [r0, #8]\n\t" START GROUPS("28", "32")
                   "ldr r2, [r0, #12]\n\t" GROUPS("30", "33")
                   "vstmia lr!, {s16-s23}\n\t"
                   "ldr r12, [r0, #4]\n\t"
                   "cmp r1, r12\n\t"
                   "bne 8b\n\t"
                   "ldrd r2, r3, [r0, #8]\n\t"
                   "ldrd r4, r5, [r0, #16]\n\t"
                   "ldr r6, [r0, #24]\n\t"
                   "add r2, r2, r4\n\t"
                   "add r3, r3, r5\n\t"
                   "strd r2, r3, [r0, #8]\n\t"
                   "subs r6, #1\n\t"
                   "str r6, [r0, #24]\n\t"
                   "bne 7b\n\t"
                   "vpop {s16-s27}\n\t"
                   "pop {r4-r7, pc}\n");
}

/* Dense, of whole blocks and groups and without a bias, as cells have them; everything else one by one. */
void hil_many_f32(const struct hil_matrix_f32 *matrix, const struct hil_vectors_f32 *vectors, float *out)
{
    const uint32_t columns = matrix->columns;
    const uint32_t columns2 = matrix->columns2;
    if ((matrix->rows & 7) != 0 || ((columns | columns2) & 3) != 0 || columns == 0 || matrix->rows == 0 ||
        matrix->places != NULL || matrix->bias != NULL || vectors->count == 0) {
        hil_one_by_one_f32(matrix, vectors, out);
        return;
    }
    const uint32_t groups1 = columns / COLUMNS - 1;
    const uint32_t groups2 = columns2 / COLUMNS;
    struct job job = {
        .weights = matrix->weights,
        .end = matrix->weights + matrix->rows * (columns + columns2),
        .first = vectors->first,
        .second = vectors->second,
        .first_step = vectors->first_step * 4,
        .second_step = vectors->second_step * 4,
        .count = vectors->count,
        .rounds1 = (uint16_t)((groups1 + 1) / 2),
        .rounds2 = (uint16_t)((groups2 + 1) / 2),
        .entry1 = (uint8_t)(groups1 == 0 ? 2 : groups1 % 2),
        .entry2 = (uint8_t)(groups2 == 0 ? 2 : groups2 % 2),
    };
    run(&job, out);
}
