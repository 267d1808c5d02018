/* Whole arrays from stdin and to stdout; every array has its own exactly sized allocation, so that the address
 * sanitizer sees each access outside it. A short read or no memory ends the program. */
#ifndef STREAM_H
#define STREAM_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int main(void); /* without a C library the compiler asks for it */

static inline void *allocate(size_t bytes)
{
    void *memory = malloc(bytes != 0 ? bytes : 1);
    if (memory == NULL) {
        exit(3);
    }
    return memory;
}

/* NULL for an empty array, as the kernels have it for a factor that is not there. */
static inline void *take(size_t count, size_t size)
{
    if (count == 0) {
        return NULL;
    }
    void *memory = allocate(count * size);
    if (fread(memory, size, count, stdin) != count) {
        exit(2);
    }
    return memory;
}

static inline void give(const void *memory, size_t count, size_t size)
{
    if (fwrite(memory, size, count, stdout) != count) {
        exit(4);
    }
}

#endif
