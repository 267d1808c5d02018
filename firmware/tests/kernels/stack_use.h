/* How much stack a call takes. On the host these do nothing. */
#ifndef STACK_USE_H
#define STACK_USE_H

/* Before the call. */
void stack_use_begin(void);

/* After the call: keeps the most that calls of this name took. */
void stack_use_end(const char *name);

/* At the end: a line `name bytes` each in a file `stack`. */
void stack_use_report(void);

#endif
