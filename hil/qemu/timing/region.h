/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is measured: from where to where, and the report of each region. */
#ifndef HIL_REGION_H
#define HIL_REGION_H

#include "block.h"

enum region_kind {
    REGION_PROGRAM,  /* from reset to the end */
    REGION_FUNCTION, /* from each call of a function to its return */
    REGION_BETWEEN,  /* from one address to another */
    REGION_MARKS,    /* from one hint instruction to another */
};

/* Options of the hint DBG that the firmware marks its regions with (firmware/runtime/mark.h). */
enum {
    MARK_BIT_0 = 8,
    MARK_BIT_1 = 9,
    MARK_BEGIN = 10,
    MARK_END = 11,
    MARK_REPEAT_BEGIN = 12, /* which is no region, for its inferences are many */
    MARK_REPEAT_END = 13,
};

struct region_options {
    enum region_kind kind;
    uint32_t from; /* also the function's address */
    uint32_t to;
    uint32_t most;       /* end the emulator after so many regions; 0: never */
    const char *symbols; /* path of the symbols' file */
    int output;          /* descriptor that takes one line of JSON for each region */
};

/* An instruction of a block at which something happens. */
struct point {
    struct block *block;
    int32_t index;
};

/* End the emulator when a stack runs out of memory, and say so. */
void region_watch_room(void);
void region_setup(const struct region_options *options);
/* Read the symbols again if another image has come, outside of a region. */
void region_refresh_symbols(void);
/* QEMU's callbacks, with a point as data. */
void region_at_from(unsigned int cpu, void *point);
void region_at_to(unsigned int cpu, void *point);
void region_at_mark(unsigned int cpu, void *point);
/* The emulator ends: report what is under way. */
void region_finish(void);
/* Tell that the program does something, whatever region it is in. */
void region_note(const char *saw);
/* Say why the run is of no use, and end the emulator. */
void region_give_up(const char *needs) __attribute__((noreturn));

#endif
