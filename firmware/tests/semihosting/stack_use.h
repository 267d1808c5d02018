/* Writes what target.h's stack_use_* found: a line `name bytes` each in a file `stack`. */
#ifndef SEMIHOSTING_STACK_USE_H
#define SEMIHOSTING_STACK_USE_H

void stack_use_report(void);

#endif
