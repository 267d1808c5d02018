/* What this machine and the emulated board each do in their own way: target_host.c, ../semihosting. */
#ifndef TARGET_H
#define TARGET_H

#include <stddef.h>

/* malloc, aligned to 4 whatever the size. On the emulated board malloc aligns only as far as the size asks for it. */
void *aligned_memory(size_t bytes);

/* How much stack a call takes: around it, with a name under which the most is kept. Nothing on this machine. */
void stack_use_begin(void);
void stack_use_end(const char *name);

#endif
