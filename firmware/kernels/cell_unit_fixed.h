/* One unit of a FastGRNN with quantSigm and quantTanh in fixed point: see cell_quant_fixed.h. */
#ifndef HIL_CELL_UNIT_FIXED_H
#define HIL_CELL_UNIT_FIXED_H

#include "cell_fixed.h"
#include "fixed.h"

/* pre: its sum; bias: what the gate's leaves to 1, and two behind it the update's; the state is replaced. */
static inline void hil_unit_step(const struct hil_cell_fixed *cell, int32_t pre, const int16_t *bias, uint32_t doublings,
                                 int16_t *state)
{
    const int32_t scale = 1 << doublings;
    const int32_t rest = hil_clip(hil_saturate(bias[0] - pre) * scale, 0, HIL_ONE - 1); /* 1 - z */
    const int32_t c = hil_clip(hil_saturate(bias[2] + pre) * scale * 2, -HIL_ONE, HIL_ONE - 1);
    const int32_t k = (cell->zeta * rest + cell->nu * HIL_ONE + HIL_ONE / 2) >> HIL_UNIT;
    const int32_t half = (1 << cell->shift) >> 1;
    *state = hil_saturate(((HIL_ONE - rest) * *state + ((k * c + half) >> cell->shift) + HIL_ONE / 2) >> HIL_UNIT);
}

#endif
