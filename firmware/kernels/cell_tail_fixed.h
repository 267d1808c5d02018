/* How fixed-point cells get from their sums to the next state: see cell_fixed.h. */
#ifndef HIL_CELL_TAIL_FIXED_H
#define HIL_CELL_TAIL_FIXED_H

#include "cell_fixed.h"

/* Any gate and update; the cell names them. */
void hil_tail_fastgrnn(const struct hil_cell_fixed *cell, int16_t *pre, uint32_t sequences, int16_t *states,
                       int16_t *gates);
void hil_tail_fastrnn(const struct hil_cell_fixed *cell, int16_t *pre, uint32_t sequences, int16_t *states,
                      int16_t *gates);

/* FastGRNN with quantSigm and quantTanh in one pass: p at 13, 12 or 11 fraction bits, z at 14. They give the same as
 * hil_tail_fastgrnn with hil_unit_fixed and hil_quant_tanh_fixed. */
void hil_tail_quant13(const struct hil_cell_fixed *cell, int16_t *pre, uint32_t sequences, int16_t *states, int16_t *gates);
void hil_tail_quant12(const struct hil_cell_fixed *cell, int16_t *pre, uint32_t sequences, int16_t *states, int16_t *gates);
void hil_tail_quant11(const struct hil_cell_fixed *cell, int16_t *pre, uint32_t sequences, int16_t *states, int16_t *gates);

#endif
