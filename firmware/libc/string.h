/* The few functions of <string.h> that firmware here uses. With them the images need no C library, so they are the
 * same wherever the same compiler is. On the host the system's own header is used. */
#ifndef HIL_STRING_H
#define HIL_STRING_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t count);
void *memmove(void *to, const void *from, size_t count);
void *memset(void *to, int value, size_t count);
void *memchr(const void *in, int value, size_t count);
int memcmp(const void *left, const void *right, size_t count);
size_t strlen(const char *text);

#endif
