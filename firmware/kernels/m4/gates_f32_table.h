/* tanh by a cubic per interval of 1/8, four coefficients each: hil/models/tables.py makes it and says how.
 * Entry i is for 8 x from i - 64.5 to i - 63.5; the first and the last are flat. */
#ifndef HIL_GATES_F32_TABLE_H
#define HIL_GATES_F32_TABLE_H

extern const float hil_tanh_cubic[512];

#endif
