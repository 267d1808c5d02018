/* The few functions of <stdio.h> that test drivers use: whole blocks from a file `request` and to a file `answer`,
 * both in the folder in which QEMU was started. */
#ifndef SEMIHOSTING_STDIO_H
#define SEMIHOSTING_STDIO_H

#include <stddef.h>

typedef struct semihosting_file FILE;

extern FILE *const stdin;
extern FILE *const stdout;

size_t fread(void *to, size_t size, size_t count, FILE *file);
size_t fwrite(const void *from, size_t size, size_t count, FILE *file);

#endif
