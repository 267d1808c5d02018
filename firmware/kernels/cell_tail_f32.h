/* How float32 cells get from their sums to the next state: see cell_f32.h. */
#ifndef HIL_CELL_TAIL_F32_H
#define HIL_CELL_TAIL_F32_H

#include "cell_f32.h"

void hil_tail_fastgrnn_f32(const struct hil_cell_f32 *cell, float *pre, uint32_t sequences, float *states, float *gates);
void hil_tail_fastrnn_f32(const struct hil_cell_f32 *cell, float *pre, uint32_t sequences, float *states, float *gates);

#endif
