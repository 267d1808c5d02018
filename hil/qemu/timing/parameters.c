/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "parameters.h"

#include <string.h>

struct parameters parameters = {
#define X(name, value, text) .name = value,
    PARAMETERS(X)
#undef X
};

int parameters_set(const char *name, int32_t value)
{
#define X(known, default_value, text)     \
    if (strcmp(name, #known) == 0) {      \
        parameters.known = value;         \
        return 0;                         \
    }
    PARAMETERS(X)
#undef X
    return -1;
}
