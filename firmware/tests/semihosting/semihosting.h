/* Calls to the host through QEMU (Arm, Semihosting for AArch32 and AArch64, 2.0): files, a line of text, the end. */
#ifndef SEMIHOSTING_H
#define SEMIHOSTING_H

#include <stddef.h>
#include <stdint.h>

enum semihosting_mode { SEMIHOSTING_READ = 1, SEMIHOSTING_WRITE = 5 }; /* fopen's "rb" and "wb" */

/* A handle, negative when the file cannot be opened. */
int32_t semihosting_open(const char *name, enum semihosting_mode mode);

/* Bytes moved. */
size_t semihosting_read(int32_t handle, void *to, size_t bytes);
size_t semihosting_write(int32_t handle, const void *from, size_t bytes);

/* Text on the host's standard error. */
void semihosting_say(const char *text);
void semihosting_say_hex(const char *name, uint32_t value);

/* Ends QEMU with this exit code. */
void semihosting_exit(int code) __attribute__((noreturn));

#endif
