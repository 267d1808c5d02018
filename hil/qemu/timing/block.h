/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A run of instructions that QEMU translates at once, with its costs and how often it ran. */
#ifndef HIL_BLOCK_H
#define HIL_BLOCK_H

#include "cost.h"

#include <stdbool.h>

/* One instruction of a block, as far as needed when only a part of the block counts. */
struct line {
    struct cost cost;
    uint32_t address;
    int32_t sp_before; /* of SP, relative to the block's start */
    uint8_t kind;
    bool loses_sp; /* makes of SP what no opcode tells, or may not have been executed, */
    bool derives_sp; /* yet from what it was */
    bool by_sp;      /* accesses memory by a base that was made of SP in this block */
};

/* Where loads by one base register lie to each other: one callback tells the alignment of all. */
struct alignment {
    uint16_t words;         /* word loads at the alignment of the first access */
    uint16_t words_halfway; /* word loads two bytes beside it */
    uint16_t halves;
};

struct block {
    /* What each execution touches stands first, in one line of the host's cache. */
    uint64_t executed; /* since the region began; 0: the other counts mean nothing */
    uint64_t left;     /* went on elsewhere than at the next address */
    uint64_t entered; /* came from elsewhere than the address before */
    uint32_t address;
    uint32_t falls_to; /* the address after its end, or NOWHERE if it always goes on elsewhere */
    int32_t sp_change;
    int32_t sp_lowest; /* relative to its start, not above 0, until SP is lost */
    int32_t nominal;
    int32_t count;
    int16_t leaving;   /* cycles */
    int16_t entering;  /* cycles */
    int16_t following; /* nominal cycles more when it is reached from the address before */
    bool turns;        /* it ends otherwise than at the next address or by a direct branch, moves SP, or leaves the
                        * FPU at work; or, until it is looked at, it was left in its middle */
    bool is_special;  /* it has not run in this region yet, or an exception or the program begins here */
    uint8_t entry;    /* enum entry (symbols.h) */

    uint8_t flow;     /* enum flow of its last instruction */
    bool turns_itself; /* but for the last of these */
    bool skippable;   /* which stands in an IT block */
    uint8_t fpu_kind; /* enum kind of what the FPU works on */
    int16_t fpu_busy; /* cycles that the FPU works on when it ends */
    int16_t fpu_lead; /* cycles before it uses the FPU */
    uint32_t end;
    bool uses_fpu;
    bool sp_lost;     /* SP becomes what no opcode tells */
    int32_t sp_lost_from; /* index of the first instruction that does that, */
    int32_t sp_lost_to;   /* and of the last */
    bool sp_switches; /* SP may go to another stack */
    bool sp_derived;  /* the last time that SP is lost, it comes from what it was */
    bool sp_dynamic;  /* a number of bytes that no opcode tells is taken from the stack, or some after SP was lost */
    uint32_t target;  /* of a direct branch at its end */
    int32_t function; /* index of its symbol, -1: none */

    struct cycles cycles;
    bool has_neighbour;        /* the block before it is known, and with it */
    struct cost follow;        /* all that is more when it is reached from the address before */
    struct block *next;        /* with the same hash */
    struct block *next_start;  /* with an address of the same hash */
    struct block *next_end;
    uint64_t hash;
    uint32_t unknown; /* instructions that the decoder does not know */
    uint32_t unknown_address;
    uint32_t unknown_opcode;
    struct line *lines;
    struct instruction *instructions;
    struct alignment *alignments; /* one for each instruction that asks; the others are empty */
};

enum { NOWHERE = 1 }; /* no instruction has an odd address */

static inline bool block_holds(const struct block *block, uint32_t address)
{
    return address - block->address < block->end - block->address;
}

/* Another program is in memory: blocks made from now on do not know those made so far. */
void block_forget_all(void);
/* The block of these halfwords, decoded at its first call and the same at every later one; NULL without memory.
 * ``halfwords`` points to ``count`` pairs, the second of a 16-bit instruction unused. */
struct block *block_of(uint32_t address, const uint16_t (*halfwords)[2], size_t count);

#endif
