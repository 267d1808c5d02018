/* FastGRNN with quantSigm and quantTanh in one pass, where zeta is 1, nu 0 and the shift 0: h' = z h + (1 - z) c, as RNNPool's
 * cells have it. They give the same as the functions of cell_quant_fixed.h, and take the same biases. */
#ifndef HIL_CELL_BLEND_FIXED_H
#define HIL_CELL_BLEND_FIXED_H

#include "cell_fixed.h"

void hil_tail_blend13(const struct hil_cell_fixed *cell, int16_t *pre, uint32_t sequences, int16_t *states, int16_t *gates);
void hil_tail_blend12(const struct hil_cell_fixed *cell, int16_t *pre, uint32_t sequences, int16_t *states, int16_t *gates);
void hil_tail_blend11(const struct hil_cell_fixed *cell, int16_t *pre, uint32_t sequences, int16_t *states, int16_t *gates);

#endif
