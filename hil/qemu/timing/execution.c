/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "execution.h"

#include "path.h"
#include "profile.h"
#include "qemu_api.h"
#include "symbols.h"
#include "tasks.h"
#include "ways.h"

#include <stdlib.h>
#include <string.h>

#define RARELY(condition) __builtin_expect(!!(condition), 0)

struct execution execution;
void (*execution_popped)(void);
void (*execution_was_reset)(void);
void (*execution_other_task)(bool runs);
void (*execution_other_stack)(bool used);
void (*execution_stack_ran_out)(uint32_t top, uint32_t end);

static struct block nothing = {.falls_to = NOWHERE}; /* before the first block */
static struct block rest;    /* the block in which the region began, from there on */

int execution_begin(uint32_t sp, bool profiling)
{
    memset(&execution, 0, sizeof execution);
    execution.touched_room = 4096;
    execution.touched = calloc(execution.touched_room, sizeof *execution.touched);
    execution_begin_stacks(sp);
    tasks_begin();
    execution.region = 1;
    execution.previous = &nothing;
    execution.profiling = profiling;
    execution.function = -1;
    profile_clear();
    return execution.touched == NULL || profile_count() == 0 ? -1 : 0;
}

/* The first time that a block runs in a region. */
static void touch(struct block *block)
{
    if (execution.touched_count == execution.touched_room) {
        const uint32_t room = 2u * execution.touched_room;
        struct block **const larger = realloc(execution.touched, room * sizeof *larger);
        if (larger == NULL) {
            abort(); /* a figure that leaves a block out would be wrong */
        }
        execution.touched = larger;
        execution.touched_room = room;
    }
    execution.touched[execution.touched_count++] = block;
    block->left = block->entered = 0;
    block->function = symbols_find(block->address);
    block->entry = (uint8_t)symbols_entry(block->address);
    block->is_special = block->entry != ENTRY_NONE;
    execution.fpu_used |= block->uses_fpu;
}

void execution_part(const struct block *block, int32_t index, int sign)
{
    for (int32_t i = index; i < block->count; i++) {
        const struct line *const line = &block->lines[i];
        const struct cost *const cost = &line->cost;
        execution.parts.low[line->kind] += sign * (cost->cycles.low - cost->fetch - cost->wait.low);
        execution.parts.nominal[line->kind] += sign * (cost->cycles.nominal - cost->fetch - cost->wait.nominal);
        execution.parts.high[line->kind] += sign * (cost->cycles.high - cost->fetch - cost->wait.high);
        execution.parts.low[cost->waits_for] += sign * cost->wait.low;
        execution.parts.nominal[cost->waits_for] += sign * cost->wait.nominal;
        execution.parts.high[cost->waits_for] += sign * cost->wait.high;
        execution.parts.fetch += sign * cost->fetch;
        execution.parts.instructions[line->kind] += sign;
        execution.cycles += (uint64_t)(int64_t)(sign * cost->cycles.nominal);
        execution.instructions += (uint64_t)(int64_t)sign;
    }
}

void execution_other_symbols(void)
{
    for (uint32_t i = 0; i < execution.touched_count; i++) {
        execution.touched[i]->executed = 0;
        execution.touched[i]->is_special = true;
    }
    execution.touched_count = 0;
    execution.region++;
}

void execution_restart(struct block *present, int32_t index)
{
    execution_other_symbols();
    execution_keep_deepest();
    memset(&execution.parts, 0, sizeof execution.parts);
    execution.cycles = execution.instructions = 0;
    execution.cycles_before = execution.instructions_before = 0;
    execution.exception_cycles = execution.unaligned = 0;
    memset(api_counters(), 0, KIND_COUNT * sizeof *api_counters());
    memset(execution.fpu_wait, 0, sizeof execution.fpu_wait);
    execution.sp_begun = execution.sp + (uint32_t)present->lines[index].sp_before;
    execution.begun_on = execution.stack;
    execution.lowest = execution.sp + (uint32_t)execution_lowest_known(present, index);
    execution.lowest_known = execution.lowest;
    /* Not before something tells where the region began. */
    execution.sp_inexact = execution.begun_lost = execution.sp_lost;
    execution.sp_read = execution.sp_mixed = execution.tasks_unsure = execution.elsewhere = false;
    execution.owner = execution.task;
    rest = *present; /* how it ends counts, its executions do not */
    rest.executed = 0;
    touch(&rest);
    if (execution.previous == present) {
        execution.previous = &rest;
    }
    execution_part(present, index, 1);
}

void execution_ran_alone(const struct block *alone)
{
    if (alone != execution.previous && block_holds(execution.previous, alone->address)) {
        execution.aborted = execution.previous->turns = true;
        execution.resumes = alone->end;
    }
}

/* Runs once for each block that the emulator executes: the plug-in's speed is this function's. Its callers tell it
 * what need not be looked at. ``plain``: the block does not move SP down. */
static inline __attribute__((always_inline)) bool follow(struct block *now, bool plain, bool profiled)
{
    struct block *const before = execution.previous;
    bool left = now->address != before->falls_to;
    execution.previous = now;
    if (RARELY(before->turns | now->is_special)) {
        if (now->executed == 0u) {
            touch(now);
        } else if (now->is_special) {
            execution.fpu_used |= now->uses_fpu;
            now->is_special = now->entry != ENTRY_NONE;
        }
        execution.sp += (uint32_t)before->sp_change;
        left = ways_turn(before, now); /* which may end a region, before this block counts */
        if (profiled) {
            execution.cycles += (uint64_t)(now->nominal + (left ? now->entering : now->following));
        }
    } else {
        before->left += left;
        if (profiled) {
            const int32_t way = left ? before->leaving + now->entering : now->following;
            execution.cycles += (uint64_t)(now->nominal + way);
        }
    }
    now->executed++;
    now->entered += left;
    if (!plain) {
        const uint32_t low = execution.sp + (uint32_t)now->sp_lowest;
        if (RARELY(low < execution.lowest)) {
            execution_note_depth(now, low);
        }
    }
    return left;
}

static void on_plain_block(unsigned int cpu, void *data)
{
    (void)cpu;
    (void)follow(data, true, false);
}

static void on_block(unsigned int cpu, void *data)
{
    (void)cpu;
    (void)follow(data, false, false);
}

/* The function changed without a call: a tail call, or a function's other part. What the block cost is its own. */
static void move_on(struct block *now, uint64_t cycles)
{
    const int32_t parent = profile_node(execution.node)->parent;
    execution.cycles -= cycles;
    path_go_to(path_child(parent < 0 ? PROFILE_ROOT : parent, now->function), now->function);
    profile_node(execution.node)->calls += symbols_begins(now->function, now->address);
    execution.cycles += cycles;
}

static inline __attribute__((always_inline)) void follow_profiled(struct block *now, bool plain)
{
    const bool left = follow(now, plain, true);
    if (RARELY(now->function != execution.function)) {
        move_on(now, (uint64_t)(now->nominal + (left ? now->entering : now->following)));
    }
    execution.instructions += (uint64_t)now->count;
}

static void on_plain_profiled_block(unsigned int cpu, void *data)
{
    (void)cpu;
    follow_profiled(data, true);
}

static void on_profiled_block(unsigned int cpu, void *data)
{
    (void)cpu;
    follow_profiled(data, false);
}

void (*execution_callback(const struct block *block))(unsigned int cpu, void *block_)
{
    const bool plain = block->sp_lowest >= 0;
    if (execution.profiling) {
        return plain ? on_plain_profiled_block : on_profiled_block;
    }
    return plain ? on_plain_block : on_block;
}
