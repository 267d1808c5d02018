/* tanh of 0, 1/32, ... 8 with 14 fraction bits, and the last value once more: hil/models/tables.py makes it.
 * With linear interpolation the largest error is 1.4e-4 for tanh and 2.0e-4 for sigmoid, which takes tanh of half its
 * argument; tests/unit/models/test_gates.py looks at every argument. */
#ifndef HIL_GATES_TABLE_H
#define HIL_GATES_TABLE_H

#include <stdint.h>

extern const int16_t hil_tanh_table[258];

#endif
