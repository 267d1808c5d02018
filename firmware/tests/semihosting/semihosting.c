#include "semihosting.h"

#include <string.h>

enum operation {
    SYS_OPEN = 0x01,
    SYS_WRITE0 = 0x04,
    SYS_WRITE = 0x05,
    SYS_READ = 0x06,
    SYS_EXIT_EXTENDED = 0x20,
};

#define APPLICATION_EXIT 0x20026u /* the reason that lets the code through */

static uint32_t call(enum operation operation, const void *argument)
{
    register uint32_t r0 __asm("r0") = (uint32_t)operation;
    register const void *r1 __asm("r1") = argument;
    __asm volatile("bkpt #0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

static uint32_t address(const void *at)
{
    return (uint32_t)(uintptr_t)at;
}

int32_t semihosting_open(const char *name, enum semihosting_mode mode)
{
    const uint32_t block[] = {address(name), (uint32_t)mode, (uint32_t)strlen(name)};
    return (int32_t)call(SYS_OPEN, block);
}

/* Both answer how many bytes they left over. */
size_t semihosting_read(int32_t handle, void *to, size_t bytes)
{
    const uint32_t block[] = {(uint32_t)handle, address(to), (uint32_t)bytes};
    const uint32_t left = call(SYS_READ, block);
    return left <= bytes ? bytes - left : 0;
}

size_t semihosting_write(int32_t handle, const void *from, size_t bytes)
{
    const uint32_t block[] = {(uint32_t)handle, address(from), (uint32_t)bytes};
    const uint32_t left = call(SYS_WRITE, block);
    return left <= bytes ? bytes - left : 0;
}

void semihosting_say(const char *text)
{
    (void)call(SYS_WRITE0, text);
}

void semihosting_say_hex(const char *name, uint32_t value)
{
    char digits[] = " 0x00000000";
    for (size_t i = sizeof digits - 2; value != 0; i--, value >>= 4) {
        digits[i] = "0123456789abcdef"[value & 15u];
    }
    semihosting_say(name);
    semihosting_say(digits);
}

void semihosting_exit(int code)
{
    const uint32_t block[] = {APPLICATION_EXIT, (uint32_t)code};
    (void)call(SYS_EXIT_EXTENDED, block);
    for (;;) { /* a debugger that let us go on */
    }
}
