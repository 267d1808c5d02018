/* A model that runs into an undefined instruction. */
#include "runtime/model.h"

static _Alignas(8) float input[64];
static _Alignas(8) float output[10];

static int run(uint32_t steps)
{
    (void)steps;
    __asm volatile("udf #0");
    return 0;
}

const struct hil_model hil_model = {
    .name = "crash",
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
