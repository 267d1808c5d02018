/* How fixed-point cells get from their sums to the next state: see cell_fixed.h. Any gate and update will do; for
 * quantSigm and quantTanh there is cell_quant_fixed.h. */
#ifndef HIL_CELL_TAIL_FIXED_H
#define HIL_CELL_TAIL_FIXED_H

#include "cell_fixed.h"

/* Any gate and update; the cell names them. */
void hil_tail_fastgrnn(const struct hil_cell_fixed *cell, int16_t *pre, uint32_t sequences, int16_t *states,
                       int16_t *gates);
void hil_tail_fastrnn(const struct hil_cell_fixed *cell, int16_t *pre, uint32_t sequences, int16_t *states,
                      int16_t *gates);

#endif
