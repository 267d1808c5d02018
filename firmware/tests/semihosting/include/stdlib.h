/* The few functions of <stdlib.h> that test drivers use. malloc gives memory that is full of NaNs, between guards that
 * free checks, and aligned no better than its size permits: kernels have to do with that. */
#ifndef SEMIHOSTING_STDLIB_H
#define SEMIHOSTING_STDLIB_H

#include <stddef.h>

void *malloc(size_t bytes);
void free(void *memory);
void exit(int code) __attribute__((noreturn));

#endif
