/* Painted: the stack below the caller gets a pattern, and afterwards the lowest word without it was the deepest. */
#include "stack_use.h"

#include <stdint.h>
#include <string.h>

#include "semihosting.h"
#include "tests/kernels/target.h"

#define NAMES 64u

extern uint32_t _stack_low[];

struct use {
    const char *name;
    uint32_t bytes;
};

static struct use uses[NAMES];

/* The caller's stack pointer at its call; written by assembly. */
uint32_t stack_use_from __attribute__((used));

/* Without a frame of its own, so that it paints up to its caller's. */
__attribute__((naked)) void stack_use_begin(void)
{
    __asm volatile("ldr r0, =stack_use_from\n\t"
                   "str sp, [r0]\n\t"
                   "ldr r0, =_stack_low\n\t"
                   "ldr r1, =0xA5C3A5C3\n\t"
                   "0: cmp r0, sp\n\t"
                   "bhs 1f\n\t"
                   "str r1, [r0], #4\n\t"
                   "b 0b\n\t"
                   "1: bx lr\n\t"
                   ".ltorg\n\t");
}

void stack_use_end(const char *name)
{
    const uint32_t *word = _stack_low;
    while ((uintptr_t)word < stack_use_from && *word == 0xA5C3A5C3u) {
        word++;
    }
    const uint32_t bytes = stack_use_from - (uint32_t)(uintptr_t)word;
    uint32_t i = 0;
    while (i < NAMES - 1u && uses[i].name != NULL && uses[i].name != name) {
        i++;
    }
    uses[i].name = name;
    uses[i].bytes = bytes > uses[i].bytes ? bytes : uses[i].bytes;
}

static void write_number(int32_t file, uint32_t value)
{
    char digits[12];
    size_t at = sizeof digits;
    digits[--at] = '\n';
    do {
        digits[--at] = (char)('0' + value % 10u);
        value /= 10u;
    } while (value != 0);
    (void)semihosting_write(file, digits + at, sizeof digits - at);
}

void stack_use_report(void)
{
    const int32_t file = semihosting_open("stack", SEMIHOSTING_WRITE);
    for (uint32_t i = 0; i < NAMES && uses[i].name != NULL; i++) {
        (void)semihosting_write(file, uses[i].name, strlen(uses[i].name));
        (void)semihosting_write(file, " ", 1);
        write_number(file, uses[i].bytes);
    }
}
