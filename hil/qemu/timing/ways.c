/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ways.h"

#include "execution.h"
#include "parameters.h"
#include "path.h"
#include "profile.h"
#include "qemu_api.h"
#include "symbols.h"
#include "tasks.h"

#include <stddef.h>

#define RARELY(condition) __builtin_expect(!!(condition), 0)
#define FRAME_BYTES 32u      /* ARMv7-M ARM, B1.5.6: r0 to r3, r12, lr, pc, xPSR */
#define FPU_FRAME_BYTES 104u /* and s0 to s15, FPSCR, a reserved word */

static void push(const struct frame *frame)
{
    if (!RARELY(execution.depth == execution.room) || execution_grow()) {
        execution.frames[execution.depth++] = *frame;
    }
}

/* What stands in ``before`` from ``address`` on did not run. Returns its index, the block's count when none does. */
static int32_t take_back_from(const struct block *before, uint32_t address)
{
    for (int32_t i = 0; i < before->count; i++) {
        if (before->lines[i].address == address) {
            execution_part(before, i, -1);
            execution.sp += (uint32_t)(before->lines[i].sp_before - before->sp_change);
            return i;
        }
    }
    return before->count;
}

/* An exception came after QEMU 7.2 had ended a block, but before it repeated the access to a device. */
static bool was_cut(const struct block *before, const struct block *now)
{
    const bool jumps = now->address == before->target && before->flow == FLOW_JUMP;
    const bool turns = now->address == before->address && before->flow >= FLOW_REGISTER;
    return !jumps && !turns && block_holds(before, now->address);
}

/* The end of one exception is the beginning of another, on the same frame (ARMv7-M ARM, B1.5.12). */
static bool chains(const struct block *before)
{
    return before->flow == FLOW_RETURN && execution.depth > 0u &&
           execution.frames[execution.depth - 1u].interrupted != NULL;
}

/* A handler has the main stack, which may not be that of what it interrupts. */
static void see_stack_of_handler(const struct block *now)
{
    execution.sp_mixed |= execution.sp_stacks && (!API_READS_REGISTERS || execution.sp_lost);
    if (!execution.sp_lost && execution.sp < execution.lowest) {
        execution.lowest = execution.sp;
    }
    if (execution.exceptions == 1u) {
        execution.thread_sp = execution.sp_lost ? 0u : execution.sp;
        execution.thread_stack = execution.stack;
    }
    if (API_READS_REGISTERS) {
        const uint32_t sp = api_sp();
        execution_sp_moves(execution.sp_stacks && !execution.sp_lost, sp != execution.sp);
        execution_sp_is(now, 0, sp);
    } else if (execution.sp_stacks) {
        execution_sp_gets_lost();
        execution.sp_switched = true;
    }
}

/* The processor forgets that the FPU was used: blocks that use it are looked at again. */
static void forget_fpu_use(void)
{
    if (!execution.fpu_used) {
        return;
    }
    execution.fpu_used = false;
    for (uint32_t i = 0; i < execution.touched_count; i++) {
        execution.touched[i]->is_special |= execution.touched[i]->uses_fpu;
    }
}

/* Where registers can be read: SP is lost, or (``may_differ``) may be another task's after an exception. */
static void see_sp(const struct block *before, const struct block *now, bool may_differ)
{
    if (API_READS_REGISTERS && (execution.sp_lost || may_differ)) {
        const uint32_t sp = api_sp();
        execution_sp_moves(may_differ || before->instructions[before->count - 1].kind == KIND_SYSTEM, sp != execution.sp);
        execution_sp_is(now, 0, sp);
    }
}

/* SP is again what it was when a frame was pushed. */
static void restore_sp(const struct frame *frame)
{
    if (RARELY(execution.sp_lost || frame->stack != execution.stack)) {
        execution_use_stack(frame->stack, frame->sp);
    }
    execution.sp = frame->sp;
    execution.sp_switched = frame->sp_switched;
    execution.sp_derived = frame->sp_derived;
    if (frame->sp_lost) {
        execution_sp_gets_lost();
    }
}

static void take_exception(struct block *before, const struct block *now, bool cut)
{
    struct frame frame = {
        .sp = execution.sp,
        .node = execution.node,
        .region = execution.region,
        .interrupted = before,
        .resumes = execution.resumes,
        .cut = cut,
        .fpu_used = execution.fpu_used,
        .sp_lost = execution.sp_lost,
        .sp_switched = execution.sp_switched,
        .sp_derived = execution.sp_derived,
        .exceptions = execution.exceptions,
        .stack = execution.stack,
    };
    if (chains(before)) {
        execution.exception_cycles += (uint64_t)parameters.exception_chain;
        frame = execution.frames[--execution.depth];
        execution_popped(); /* the handler before has ended */
        restore_sp(&frame);
        execution.fpu_used = frame.fpu_used;
    } else {
        execution.exception_cycles += (uint64_t)parameters.exception_entry;
        execution.tasks_switch &= execution.exceptions > 0u;
    }
    push(&frame);
    execution.exceptions = frame.exceptions + 1u;
    const uint32_t bytes = execution.fpu_used ? FPU_FRAME_BYTES : FRAME_BYTES;
    execution.sp = (execution.sp - bytes) & ~7u; /* CCR.STKALIGN, set at reset on the Cortex-M4 */
    forget_fpu_use();
    execution.interrupted |= now->entry == ENTRY_INTERRUPT;
    see_stack_of_handler(now);
    if (execution.profiling) {
        path_go_to(path_child(PROFILE_ROOT, now->function), now->function);
        profile_node(execution.node)->calls++;
    }
}

/* Whether SP went to another stack since the call that a return would end. */
static bool returns_elsewhere(void)
{
    const struct frame *const top = execution.depth > 0u ? &execution.frames[execution.depth - 1u] : NULL;
    return top != NULL && execution.exceptions == 0u && top->interrupted == NULL && !execution.sp_lost &&
           top->stack != execution.stack;
}

/* A branch to an address from a register or from memory: a return when it is where a call goes on. Returns the
 * block that goes on, ``before`` itself unless an exception ended, and NULL when it goes on in its middle. */
static struct block *take_return(struct block *before, const struct block *now)
{
    if (before->flow == FLOW_RETURN && returns_elsewhere()) {
        struct frame frame;
        if (tasks_switch_themselves(&frame, now)) {
            restore_sp(&frame);
            if (execution.profiling) {
                path_go_back_to(&frame, now->function);
            }
            execution_popped();
            return before;
        }
    }
    for (uint32_t depth = execution.depth; depth > 0u; depth--) {
        struct frame frame = execution.frames[depth - 1u];
        const bool ends_exception = frame.interrupted != NULL && before->flow == FLOW_RETURN;
        if (!ends_exception && (frame.interrupted != NULL || frame.returns_to != now->address)) {
            if (before->flow == FLOW_RETURN) {
                continue; /* a return past several calls, as longjmp does */
            }
            return before;
        }
        execution.depth = depth - 1u;
        if (ends_exception) {
            before->left--; /* the end of the exception has its own cycles */
            execution.cycles -= (uint64_t)before->leaving;
            execution.exception_cycles += (uint64_t)parameters.exception_return;
            execution_popped();
            if (frame.exceptions == 0u && execution.tasks_switch) {
                tasks_go_on(&frame, now);
            }
            execution.fpu_used = frame.fpu_used;
        }
        execution.exceptions = frame.exceptions;
        if (ends_exception || execution.sp_lost || (frame.stack == execution.stack && !frame.sp_lost)) {
            restore_sp(&frame);
        } /* else SP is known since the call, or what was called has moved it to another stack */
        if (execution.profiling) {
            path_go_back_to(&frame, now->function);
        }
        if (!ends_exception) {
            execution_popped();
        }
        return !ends_exception ? before : frame.cut ? NULL : frame.interrupted; /* NULL: a task's first */
    }
    /* To where no call came from, with another SP: perhaps another task. */
    execution.sp_mixed |= execution.sp_lost && !execution.sp_derived && before->flow == FLOW_RETURN;
    return before;
}

static void take_call(const struct block *before, const struct block *now)
{
    const struct frame frame = {
        .returns_to = before->end,
        .sp = execution.sp,
        .node = execution.node,
        .region = execution.region,
        .sp_lost = execution.sp_lost,
        .sp_switched = execution.sp_switched,
        .sp_derived = execution.sp_derived,
        .exceptions = execution.exceptions,
        .stack = execution.stack,
    };
    push(&frame);
    if (execution.profiling) {
        path_go_to(path_child(execution.node, now->function), now->function);
        profile_node(execution.node)->calls++;
    }
}

/* The processor was reset. */
static void start_over(void)
{
    const uint32_t sp = symbols_initial_sp();
    execution_was_reset();
    tasks_begin();
    execution_begin_stacks(sp);
    execution.fpu_used = false;
    execution.sp_absolute = sp != 0u;
}

/* The FPU works on after the end of ``before``; what uses it next waits. What is left when a whole block passes
 * without it is forgotten: at most twelve cycles of a division. */
static void wait_for_fpu(const struct block *before, const struct block *now, bool left)
{
    const int32_t unfinished = before->fpu_busy - (left ? before->leaving : 0) - now->fpu_lead;
    if (now->uses_fpu && unfinished > 0) {
        execution.fpu_wait[before->fpu_kind] += (uint64_t)unfinished;
    }
}

/* The last instruction of ``before`` stands in an IT block and was skipped: what it does to SP was not done. */
static void take_back_skipped(const struct block *before)
{
    execution.sp -= (uint32_t)(before->sp_change - before->lines[before->count - 1].sp_before);
}

/* ``before`` made of SP what no opcode tells. */
static void lose_sp(const struct block *before)
{
    execution.sp_stacks |= before->sp_switches;
    execution.sp_read |= API_READS_REGISTERS && (before->sp_dynamic || before->sp_switches);
    execution.tasks_switch |= execution.exceptions > 0u && (before->sp_switches || !before->sp_derived);
    if (execution.sp_seen == NULL || execution.sp_seen->lines != before->lines) { /* which ``rest`` shares */
        execution.sp_derived = before->sp_derived;
        execution_sp_gets_lost();
        if (!API_READS_REGISTERS) {
            execution_sp_moves(before->sp_switches, true);
            execution.sp_inexact |= before->sp_dynamic;
        }
    } else if (!API_READS_REGISTERS && before->sp_lost_from < before->sp_lost_to) {
        execution.sp_inexact |= before->sp_dynamic; /* what it was between was not seen */
    }
}

/* How ``now`` was reached from ``before``; counts a way that is not the next address, unless an exception makes
 * it: its own cycles hold that. Returns whether it was counted; ``ended`` becomes true when an exception ended. */
static bool take_way(struct block *before, struct block *now, bool *ended)
{
    bool left = now->address != before->falls_to;
    const int32_t ran = execution.aborted ? take_back_from(before, execution.resumes) : before->count;
    const bool cut = ran < before->count;
    execution.aborted = false;
    before->turns = before->turns_itself;
    if (before->sp_lost && before->sp_lost_from < ran) {
        lose_sp(before);
    }
    const bool by_branch = (before->flow == FLOW_CALL || before->flow == FLOW_JUMP) && before->target == now->address;
    if (now->entry != ENTRY_NONE && left && (cut || !by_branch)) {
        if (now->entry == ENTRY_RESET) {
            start_over();
        } else {
            take_exception(before, now, cut);
        }
        return false;
    }
    see_sp(before, now, false);
    if (cut) {
        return false;
    }
    wait_for_fpu(before, now, left);
    while (left && (before->flow == FLOW_RETURN || before->flow == FLOW_REGISTER)) {
        before->left++;
        execution.cycles += (uint64_t)before->leaving;
        struct block *const goes_on = take_return(before, now);
        if (goes_on == before) {
            return true;
        }
        before = goes_on; /* which may be a return that was interrupted */
        *ended = true;
        if (before == NULL || (was_cut(before, now) && take_back_from(before, now->address) < before->count)) {
            return false;
        }
        left = now->address != before->falls_to;
    }
    if (left) {
        before->left++;
        execution.cycles += (uint64_t)before->leaving;
        if (before->flow == FLOW_CALL || before->flow == FLOW_CALL_REGISTER) {
            execution.sp_inexact |= execution.sp_lost;
            take_call(before, now);
        }
    } else if (before->skippable) {
        take_back_skipped(before);
    }
    return left;
}

bool ways_turn(struct block *before, struct block *now)
{
    bool ended = false;
    const bool left = take_way(before, now, &ended);
    see_sp(before, now, ended);
    return left;
}
