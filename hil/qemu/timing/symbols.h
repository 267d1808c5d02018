/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The functions of the image under test, read from a file that the host may replace while QEMU runs. */
#ifndef HIL_SYMBOLS_H
#define HIL_SYMBOLS_H

#include <stdbool.h>
#include <stdint.h>

/* Lines of `function ADDRESS SIZE NAME`, and `handler ADDRESS` or `interrupt ADDRESS` where an exception begins
 * that the program causes itself or that comes from outside; numbers in hexadecimal. Returns whether the file was read anew; a missing one leaves no symbols. */
bool symbols_refresh(const char *path);
/* Counts the times that the file was read. */
uint32_t symbols_generation(void);
/* The index of the function that holds an address, or -1. */
int32_t symbols_find(uint32_t address);
const char *symbols_name(int32_t index);
bool symbols_is_handler(uint32_t address, bool *interrupt);

#endif
