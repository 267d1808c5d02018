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
    uint32_t resumes;          /* where it goes on, if it was left */
    bool cut;                  /* in its middle */
    bool fpu_used;             /* before that exception */
    bool sp_lost;              /* when it was called, */
    bool sp_switched;          /* likewise, */
    bool sp_derived;           /* and likewise */
    uint32_t exceptions;       /* that were active then */
    int32_t stack;             /* that was in use then */
};

/* Memory that SP moves in. */
struct stack {
    uint32_t top;     /* the highest that SP was seen there */
    uint32_t lowest;  /* since the region began; all ones: not used since */
    uint32_t deepest; /* since reset, but for the present region */
};
enum { STACKS_MOST = 256 };

struct execution {
    struct block *previous;
    uint32_t sp;      /* at the end of ``previous`` but for its own change */
    uint32_t lowest;  /* on this stack since the region began; all ones while SP is lost, so that each block is
                       * looked at */
    uint32_t lowest_known;
    /* The block that went lowest, at which of its executions, and what the lowest was before. */
    const struct block *lowest_by;
    uint64_t lowest_at;
    uint32_t lowest_before;
    struct stack stacks[STACKS_MOST]; /* what is above stands for the lowest of the one in use */
    int32_t stack_count;
    int32_t stack;    /* the one in use */
    int32_t begun_on; /* the one on which the region began, */
    uint32_t sp_begun; /* and where */
    bool begun_lost;  /* SP was not known then, and is not yet */
    bool sp_switched; /* SP was lost because it goes to another stack */
    bool sp_derived;  /* SP was lost, but comes from what it was: it stays on its stack */
    bool sp_lost;     /* SP is not known until a return or a watched store tells */
    bool sp_inexact;  /* it went down by an unknown number since the region began */
    bool sp_mixed;    /* the region used more than one stack, and nobody knows which when */
    bool sp_stacks;   /* there may be a second stack since reset */
    bool sp_read;     /* since the region began, a register told what without it would be a guess */
    bool sp_absolute; /* it was seen at a reset or in a watched store: before, only its changes mean something */
    const struct block *sp_seen; /* a watched store told SP after it was lost within this block */
    bool fpu_used;    /* the frame of an exception holds the FPU's registers */
    bool interrupted; /* an interrupt was taken: when it comes depends on the clock */

    bool aborted;     /* ``previous`` was left in its middle, to go on at ``resumes`` */
    uint32_t resumes;

    struct frame *frames; /* of the present task */
    uint32_t depth;
    uint32_t room;
    uint32_t exceptions;  /* that are active */
    uint32_t thread_sp;   /* of what the first of them interrupted, below the frame, */
    int32_t thread_stack; /* and its stack */
    bool tasks_switch;    /* since then, there was what changes the task that goes on */
    int32_t task;         /* the present one (tasks.h) */
    int32_t owner;        /* the task that the region counts; -1: all */
    bool elsewhere;       /* another one runs */
    bool tasks_unsure;    /* since the region began, nothing told for sure which task went on */

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

/* Room for one more frame of the present task; false when there are too many. */
bool execution_grow(void);
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
/* SP before instruction ``index`` of the present block. */
uint32_t execution_sp(const struct block *present, int32_t index);
/* The lowest that SP was on a stack since the region began; how far below its beginning that is. */
uint32_t execution_lowest(int32_t stack);
uint32_t execution_depth(void);
/* The lowest that SP was on a stack since reset. */
uint32_t execution_deepest(int32_t stack);
/* Stacks are known from now on by their first SP alone; the first of them is in use. */
void execution_begin_stacks(uint32_t sp);
/* The stack that SP lies in, one that is new if need be. */
int32_t execution_stack_of(uint32_t sp);
/* SP may be higher than it was seen on this stack. */
void execution_raise_top(void);
/* Go on with a stack, on which SP is ``sp``. */
void execution_use_stack(int32_t stack, uint32_t sp);
/* A store that a handler makes below what it interrupted: registers saved on that one's stack. */
void execution_saves_at(uint32_t address);
/* A block takes SP down to ``low``, below what was lowest. */
void execution_note_depth(const struct block *now, uint32_t low);
/* The lowest that SP is between two instructions of a block, relative to its start; ``to`` may be its count. */
int32_t execution_lowest_within(const struct block *block, int32_t from, int32_t to);
/* Likewise from an instruction on until SP is lost. */
int32_t execution_lowest_known(const struct block *block, int32_t from);
/* A region ends or begins: remember how deep the stack was. */
void execution_keep_deepest(void);
/* The region ends before instruction ``index`` of the present block: what that does to SP behind does not count. */
void execution_take_back_depth(const struct block *present, int32_t index);
/* SP was moved by what may go to another stack (``switches``), or was not. */
void execution_sp_moves(bool switches, bool moved);
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
/* Called before another task than the region's runs, and before it goes on. */
extern void (*execution_other_task)(bool runs);
/* Called when the region's task goes to another stack without an exception, and back. */
extern void (*execution_other_stack)(bool used);
/* Called, where it is set, when a stack that begins at ``top`` goes below ``end``, the end of its memory. */
extern void (*execution_stack_ran_out)(uint32_t top, uint32_t end);

#endif
