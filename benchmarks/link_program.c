/* A model for the benchmarks of the link: its outputs are parts of the CRC-32 of its input, so that each tells its
 * vector. STEPS steps of FEATURES numbers. */
#include "runtime/crc.h"
#include "runtime/model.h"

#include <string.h>

#define OUTPUTS 10

static _Alignas(8) int16_t input[STEPS * FEATURES];
static _Alignas(8) int16_t output[OUTPUTS];

static int run(uint32_t steps)
{
    const uint32_t crc = hil_crc32(0, (const uint8_t *)input, steps * FEATURES * sizeof input[0]);
    for (uint32_t j = 0; j < OUTPUTS; j++) {
        const uint16_t part = (uint16_t)(crc >> j);
        memcpy(&output[j], &part, sizeof part);
    }
    return 0;
}

const struct hil_model hil_model = {
    .name = "checksum",
    .precision = HIL_PRECISION_Q15,
    .input_dtype = HIL_I16,
    .output_dtype = HIL_I16,
    .features = FEATURES,
    .min_steps = STEPS,
    .max_steps = STEPS,
    .outputs = OUTPUTS,
    .input = input,
    .output = output,
    .run = run,
};
