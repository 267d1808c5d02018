/* FastGRNN with quantSigm and quantTanh in one pass, from its sums to the next state: see cell_fixed.h.
 *
 * One function for each number of fraction bits that the sums have; z has 14. They give the same as hil_tail_fastgrnn with
 * hil_unit_fixed and hil_quant_tanh_fixed. The cell's bias_gate holds both biases, two and two: of units 0 and 1 what the
 * gate's bias leaves to 1, then the update's, then those of units 2 and 3 (padded to an even number); bias_update is NULL.
 */
#ifndef HIL_CELL_QUANT_FIXED_H
#define HIL_CELL_QUANT_FIXED_H

#include "cell_fixed.h"

void hil_tail_quant13(const struct hil_cell_fixed *cell, int16_t *pre, uint32_t sequences, int16_t *states, int16_t *gates);
void hil_tail_quant12(const struct hil_cell_fixed *cell, int16_t *pre, uint32_t sequences, int16_t *states, int16_t *gates);
void hil_tail_quant11(const struct hil_cell_fixed *cell, int16_t *pre, uint32_t sequences, int16_t *states, int16_t *gates);

#endif
