/* ReLU in place. */
#ifndef HIL_RECTIFY_H
#define HIL_RECTIFY_H

#include <stdint.h>

/* Negative values become 0. */
void hil_rectify_fixed(int16_t *values, uint32_t count);

#endif
