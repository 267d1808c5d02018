/* How a dense matrix goes through several pairs of vectors on a Cortex-M4: what the kernels for 16-bit and for 8-bit
 * weights share. All lies in registers but what changes once per vector, which lies in the job that r0 points to.
 *
 * The includer defines, for a block of four rows whose sums are r8 to r11, the weights at r1 walking along, the operand at
 * r2 too, and r4 to r7 and r12 to be used freely:
 *   COLUMNS  columns of one group
 *   START    the first group's products, instead of the sums
 *   GROUP    the next group's products, added to the sums
 */
#include "../many.h"

struct job {
    const void *weights;   /* 0 */
    const void *end;       /* 4: behind the weights */
    const int16_t *first;  /* 8 */
    const int16_t *second; /* 12 */
    int32_t first_step;    /* 16: in bytes */
    int32_t second_step;   /* 20 */
    uint32_t count;        /* 24 */
    int32_t multiplier;    /* 28 */
    uint16_t rounds1;      /* 32: of four groups of the first operand, without the one that starts, the last one first */
    uint16_t rounds2;      /* 34 */
    uint8_t entry1;        /* 36: where the first of these rounds is entered: 0 to 3; 4: no round */
    uint8_t entry2;        /* 37 */
};

/* All groups of an operand but one that started: rounds of four, the first of which may be entered late. */
#define GROUPS(rounds, entry)            \
    "ldrb r12, [r0, #" entry "]\n\t"     \
    "ldrh r3, [r0, #" rounds "]\n\t"     \
    "tbb [pc, r12]\n"                    \
    "1:\t.byte (2f - 1b) / 2\n\t"        \
    ".byte (3f - 1b) / 2\n\t"            \
    ".byte (4f - 1b) / 2\n\t"            \
    ".byte (5f - 1b) / 2\n\t"            \
    ".byte (6f - 1b) / 2\n\t"            \
    ".balign 2\n"                        \
    "2:\t" GROUP "3:\t" GROUP "4:\t" GROUP "5:\t" GROUP \
    "subs r3, #1\n\t"                    \
    "bne 2b\n"                           \
    "6:\n\t"

_Static_assert(offsetof(struct job, first) == 8 && offsetof(struct job, first_step) == 16 &&
                   offsetof(struct job, count) == 24 && offsetof(struct job, rounds1) == 32 &&
                   offsetof(struct job, entry2) == 37,
               "the assembly below has these numbers");

/* The compiler may not look into it: it would not see what the assembly reads. */
static __attribute__((naked, noipa)) void run(struct job *job __attribute__((unused)), int16_t *out __attribute__((unused)))
{
    __asm volatile("push {r4-r11, lr}\n\t"
                   "mov lr, r1\n"
                   "7:\n\t" /* a pair of vectors */
                   "ldr r1, [r0]\n"
                   "8:\n\t" /* a block of rows */
                   "ldr r2, [r0, #8]\n\t" START GROUPS("32", "36")
                   "ldr r2, [r0, #12]\n\t" GROUPS("34", "37")
                   "ldr r3, [r0, #28]\n\t"
                   "ldr r12, [r0, #4]\n\t"
                   "smmulr r8, r8, r3\n\t"
                   "smmulr r9, r9, r3\n\t"
                   "smmulr r10, r10, r3\n\t"
                   "smmulr r11, r11, r3\n\t"
                   "ssat r8, #16, r8\n\t"
                   "ssat r9, #16, r9\n\t"
                   "ssat r10, #16, r10\n\t"
                   "ssat r11, #16, r11\n\t"
                   "pkhbt r8, r8, r9, lsl #16\n\t"
                   "pkhbt r10, r10, r11, lsl #16\n\t"
                   "stmia lr!, {r8, r10}\n\t"
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
                   "pop {r4-r11, pc}\n");
}

/* Rounds and entry for so many groups. */
static inline uint32_t rounds_of(uint32_t groups)
{
    return (groups + 3) / 4;
}

static inline uint32_t entry_of(uint32_t groups)
{
    return groups == 0 ? 4 : (4 - groups % 4) % 4;
}

/* Dense, of whole blocks and groups, no bias and one multiplier, as cells have them; everything else one by one. */
static inline void many(const struct hil_matrix *matrix, const struct hil_vectors *vectors, uint32_t width, int16_t *out)
{
    const uint32_t columns = matrix->columns;
    const uint32_t columns2 = matrix->columns2;
    if ((matrix->rows | (columns | columns2) * (4 / COLUMNS)) % 4 != 0 || columns == 0 || matrix->rows == 0 ||
        matrix->places != NULL || matrix->bias != NULL || matrix->multipliers != NULL || vectors->count == 0) {
        hil_one_by_one(matrix, vectors, out);
        return;
    }
    const uint32_t groups1 = columns / COLUMNS - 1;
    const uint32_t groups2 = columns2 / COLUMNS;
    struct job job = {
        .weights = matrix->weights,
        .end = (const uint8_t *)matrix->weights + matrix->rows * (columns + columns2) * width,
        .first = vectors->first,
        .second = vectors->second,
        .first_step = vectors->first_step * 2,
        .second_step = vectors->second_step * 2,
        .count = vectors->count,
        .multiplier = matrix->multiplier,
        .rounds1 = (uint16_t)rounds_of(groups1),
        .rounds2 = (uint16_t)rounds_of(groups2),
        .entry1 = (uint8_t)entry_of(groups1),
        .entry2 = (uint8_t)entry_of(groups2),
    };
    run(&job, out);
}
