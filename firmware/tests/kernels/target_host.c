#include "target.h"

#include <stdlib.h>

void *aligned_memory(size_t bytes)
{
    return malloc(bytes);
}

void stack_use_begin(void)
{
}

void stack_use_end(const char *name)
{
    (void)name;
}
