/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Follows execution from block to block: calls and returns, exceptions, the stack pointer, the call path. */
#ifndef HIL_EXECUTION_H
#define HIL_EXECUTION_H

#include "block.h"

struct frame {
    uint32_t returns_to;
    uint32_t sp;
    int32_t node;      /* of the caller, in the region of ``region`` */
    uint32_t region;   /* number of the region that the node belongs to */
    struct block *interrupted; /* the block that an exception came after; NULL for a call */
    bool cut;                  /* in its middle */
    bool fpu_used;             /* before that exception */
    bool sp_lost;              /* when it was called */
    bool sp_away;              /* likewise */
};

struct execution {
    struct block *previous;
    uint32_t sp;      /* at the end of ``previous`` but for its own change */
    uint32_t lowest;  /* since the region began; all ones while SP is lost, so that each block is looked at, and
                       * 0 while it is on another stack, so that none is */
    uint32_t lowest_known;
    uint32_t deepest; /* lowest since reset, but for the present region */
    /* The block that went lowest, at which of its executions, and what the lowest was before. */
    const struct block *lowest_by;
    uint64_t lowest_at;
    uint32_t lowest_before;
    uint32_t sp_begun; /* where the region began */
    bool sp_switched; /* SP was lost because it goes to another stack */
    bool sp_lost;     /* SP is not known until a return or a watched store tells */
    bool sp_inexact;  /* it went down by an unknown number since the region began */
    bool sp_mixed;    /* the region used more than one stack */
    bool sp_away;     /* an exception runs on another stack than the region's */
    bool sp_stacks;   /* there may be a second stack since reset */
    bool sp_read;     /* since the region began, a register told what without it would be a guess */
    bool sp_absolute; /* it was seen at a reset or in a watched store: before, only its changes mean something */
    const struct block *sp_seen; /* a watched store told SP after it was lost within this block */
    bool fpu_used;    /* the frame of an exception holds the FPU's registers */
    bool interrupted; /* an interrupt was taken: when it comes depends on the clock */

    bool aborted;     /* ``previous`` was left in its middle, to go on at ``resumes`` */
    uint32_t resumes;

    struct frame *frames;
    uint32_t depth;

    uint64_t exception_cycles;
    uint64_t unaligned;
    uint64_t fpu_wait[KIND_COUNT]; /* for work that such an instruction began in the block before */

    /* Blocks that ran since the region began. */
    struct block **touched;
    uint32_t touched_count;
    uint32_t touched_room;

    /* Parts of blocks that did or did not run. */
    struct {
        int64_t low[KIND_COUNT];
        int64_t nominal[KIND_COUNT];
        int64_t high[KIND_COUNT];
        int64_t fetch;
        int64_t instructions[KIND_COUNT];
    } parts;

    /* Of the profile: running sums, and where they stood when the present node began. */
    bool profiling;
    uint64_t cycles;
    uint64_t instructions;
    uint64_t cycles_before;
    uint64_t instructions_before;
    int32_t node;
    int32_t function;
    uint32_t region; /* number of the present region, or of the one before */
};

extern struct execution execution;

/* Memory for the rest; 0, or -1 without it. ``sp`` is what SP holds at reset. */
int execution_begin(uint32_t sp, bool profiling);

/* QEMU's callback for this block, which is its data. */
void (*execution_callback(const struct block *block))(unsigned int cpu, void *block);

/* The only instruction of this block accessed memory. QEMU ends a block at an access to a device that is not its
 * last instruction, and repeats that one alone, of which no callback but the access's own is made. */
void execution_ran_alone(const struct block *alone);
/* Add (or with -1 take away) the part of a block from its instruction ``index`` on. */
void execution_part(const struct block *block, int32_t index, int sign);
/* Another image runs from now on: look its symbols up again. */
void execution_other_symbols(void);
/* Forget what ran; the present block counts from its instruction ``index`` on. */
void execution_restart(struct block *present, int32_t index);
/* Give the present node of the profile what was spent since it began. */
void execution_settle(void);
/* SP before instruction ``index`` of the present block. */
uint32_t execution_sp(const struct block *present, int32_t index);
/* The lowest that SP was since the region began, and how far below its beginning that is. */
uint32_t execution_lowest(void);
uint32_t execution_depth(void);
/* A block takes SP down to ``low``, below what was lowest. */
void execution_note_depth(const struct block *now, uint32_t low);
/* The lowest that SP is between two instructions of a block, relative to its start; ``to`` may be its count. */
int32_t execution_lowest_within(const struct block *block, int32_t from, int32_t to);
/* A region ends or begins: remember how deep the stack was. */
void execution_keep_deepest(void);
/* The region ends before instruction ``index`` of the present block: what that does to SP behind does not count. */
void execution_take_back_depth(const struct block *present, int32_t index);
/* SP was moved by what may go to another stack (``switches``), or was not. */
void execution_sp_moves(bool switches, bool moved);
/* An exception goes on with another stack, on which SP is ``sp``; SP is where it was. */
void execution_leaves_stack(uint32_t sp);
void execution_comes_back(void);
/* SP becomes what no opcode tells; something tells it again. */
void execution_sp_gets_lost(void);
void execution_sp_is_found(void);
/* A register or a watched store shows what SP is before instruction ``index`` of the present block. */
void execution_sp_is(const struct block *present, int32_t index, uint32_t sp);
/* A watched store by instruction ``index`` of the present block: when SP is lost, the stack reaches there. */
void execution_stored_at(const struct block *present, int32_t index, uint32_t address);

/* Called when frames were popped, before the next block counts. */
extern void (*execution_popped)(void);
/* Called when the processor was reset. */
extern void (*execution_was_reset)(void);

#endif
