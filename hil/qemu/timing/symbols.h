/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The functions of the image under test, read from a file that the host may replace while QEMU runs. */
#ifndef HIL_SYMBOLS_H
#define HIL_SYMBOLS_H

#include <stdbool.h>
#include <stdint.h>

/* What happens where a block begins, if it is reached by no branch of the program. */
enum entry {
    ENTRY_NONE,
    ENTRY_HANDLER,   /* an exception that the program causes itself */
    ENTRY_INTERRUPT, /* one that comes by the clock or a device */
    ENTRY_RESET,
};

/* Lines of `function ADDRESS SIZE NAME`, `handler ADDRESS`, `interrupt ADDRESS` and `reset ADDRESS SP`, numbers in
 * hexadecimal. Returns whether it says anything else than before; a missing one leaves no symbols. */
bool symbols_refresh(const char *path);
/* The index of the function that holds an address, or -1. */
int32_t symbols_find(uint32_t address);
/* Whether the function of that index begins at that address. */
bool symbols_begins(int32_t index, uint32_t address);
const char *symbols_name(int32_t index);
enum entry symbols_entry(uint32_t address);
/* SP at reset; 0 when it is not known. */
uint32_t symbols_initial_sp(void);

#endif
