/* A model that recurses until the stack runs out of RAM. */
#include "runtime/model.h"

static _Alignas(8) float input[64];
static _Alignas(8) float output[10];

static uint32_t descend(volatile uint32_t *above)
{
    volatile uint32_t here[8] = {*above + 1u};
    return descend(here) + here[0];
}

static int run(uint32_t steps)
{
    (void)steps;
    volatile uint32_t depth = 0;
    return (int)descend(&depth);
}

const struct hil_model hil_model = {
    .name = "stack_overflow",
    .precision = HIL_PRECISION_F32,
    .input_dtype = HIL_F32,
    .output_dtype = HIL_F32,
    .features = 8,
    .min_steps = 8,
    .max_steps = 8,
    .outputs = 10,
    .input = input,
    .output = output,
    .run = run,
};
