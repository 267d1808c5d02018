/* A model with a constant that the linker is told to put where the board has no flash. */
#include "runtime/model.h"

static _Alignas(8) float input[64];
static _Alignas(8) float output[10];

__attribute__((section(".outside"))) static const volatile float outside[4] = {1.0f, 2.0f, 3.0f, 4.0f};

static int run(uint32_t steps)
{
    (void)steps;
    output[0] = outside[0];
    return 0;
}

const struct hil_model hil_model = {
    .name = "outside_flash",
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
