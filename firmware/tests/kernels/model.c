/* Runs a generated model on vectors from stdin until it ends: uint32 steps, then the elements; each output goes to
 * stdout. tests/support/model_programs.py drives it. */
#include "runtime/model.h"
#include "stream.h"
#include "target.h"

static size_t element(uint8_t dtype)
{
    switch (dtype) {
    case HIL_F32:
        return 4;
    case HIL_I16:
        return 2;
    default:
        return 1;
    }
}

int main(void)
{
    const size_t input_size = element(hil_model.input_dtype);
    uint32_t steps;
    if (hil_model.init != NULL && hil_model.init() != 0) {
        return 5;
    }
    while (fread(&steps, sizeof steps, 1, stdin) == 1) {
        const size_t count = (size_t)steps * hil_model.features;
        if (steps < hil_model.min_steps || steps > hil_model.max_steps ||
            fread(hil_model.input, input_size, count, stdin) != count) {
            return 2;
        }
        if (hil_model.load != NULL && hil_model.load(steps) != 0) {
            return 5;
        }
        stack_use_begin();
        const int code = hil_model.run(steps);
        stack_use_end("run");
        if (code != 0) {
            return 5;
        }
        give(hil_model.output, hil_model.outputs, element(hil_model.output_dtype));
    }
    return 0;
}
