#include "stack_use.h"

void stack_use_begin(void)
{
}

void stack_use_end(const char *name)
{
    (void)name;
}

void stack_use_report(void)
{
}
