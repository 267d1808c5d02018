/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where SP is and how deep it went; the other half of execution.h. */
#include "execution.h"

#include "qemu_api.h"

#include <stddef.h>

#define DATA 0x20000000u     /* ARMv7-M ARM, B3.1 */
#define PSRAM 0x21000000u    /* Arm AN386 */
#define SAVED_MOST 256u      /* bytes: all registers and those of the FPU, and room for more */
#define FARTHEST 0x100000u   /* bytes below the stack that a store may lie and still be of it */

uint32_t execution_sp(const struct block *present, int32_t index)
{
    return execution.sp + (uint32_t)present->lines[index].sp_before;
}

void execution_sp_gets_lost(void)
{
    if (!execution.sp_lost) {
        execution.sp_lost = true;
        execution.lowest_known = execution.lowest;
        execution.lowest = UINT32_MAX;
    }
}

void execution_sp_is_found(void)
{
    if (execution.sp_lost) {
        execution.sp_lost = false;
        execution.lowest = execution.lowest_known;
    }
}

uint32_t execution_lowest(int32_t stack)
{
    if (stack != execution.stack) {
        return execution.stacks[stack].lowest;
    }
    return execution.sp_lost ? execution.lowest_known : execution.lowest;
}

uint32_t execution_deepest(int32_t stack)
{
    const uint32_t lowest = execution_lowest(stack), deepest = execution.stacks[stack].deepest;
    return lowest < deepest ? lowest : deepest;
}

void execution_begin_stacks(uint32_t sp)
{
    execution.stacks[0] = (struct stack){.top = sp, .lowest = sp, .deepest = sp};
    execution.stack_count = 1;
    execution.stack = execution.begun_on = 0;
    execution.sp = execution.sp_begun = execution.lowest = execution.lowest_known = sp;
    execution.sp_lost = execution.sp_switched = execution.sp_stacks = execution.begun_lost = false;
}

static bool holds(int32_t stack, uint32_t sp)
{
    return sp >= execution_deepest(stack) && sp <= execution.stacks[stack].top;
}

int32_t execution_stack_of(uint32_t sp)
{
    if (holds(execution.stack, sp)) {
        return execution.stack;
    }
    for (int32_t stack = 0; stack < execution.stack_count; stack++) {
        if (holds(stack, sp)) {
            return stack;
        }
    }
    if (execution.stack_count == STACKS_MOST) {
        execution.sp_mixed = true;
        return execution.stack;
    }
    execution.stacks[execution.stack_count] = (struct stack){.top = sp, .lowest = UINT32_MAX, .deepest = sp};
    return execution.stack_count++;
}

void execution_raise_top(void)
{
    uint32_t *const top = &execution.stacks[execution.stack].top;
    *top = !execution.sp_lost && execution.sp > *top ? execution.sp : *top;
}

void execution_use_stack(int32_t stack, uint32_t sp)
{
    execution_sp_is_found();
    if (stack != execution.stack) {
        execution.stacks[execution.stack].lowest = execution.lowest;
        execution.stack = stack;
        execution.lowest = execution.stacks[stack].lowest;
        execution.lowest = sp < execution.lowest ? sp : execution.lowest;
    }
    execution.sp = sp;
    execution_raise_top();
    if (execution.exceptions == 0u && !execution.elsewhere) {
        execution_other_stack(stack != execution.begun_on);
    }
}

void execution_sp_moves(bool switches, bool moved)
{
    if (switches && moved) {
        execution.sp_switched = true;
        execution.sp_mixed |= !API_READS_REGISTERS;
    }
}

/* SP is known to be ``sp`` again, which may lie in another stack. */
static void find_stack(uint32_t sp)
{
    const bool below = sp < execution_deepest(execution.stack);
    const int32_t known = execution.stack_count, stack = execution_stack_of(sp);
    /* It may be far down on the same stack, by a number that did not come from SP. */
    execution.sp_mixed |= stack == known && below && !execution.sp_switched;
    if (stack != execution.stack) {
        execution.sp_read |= API_READS_REGISTERS;
        execution_use_stack(stack, sp);
    }
}

/* SP is known for the first time in this region, and was ``moved`` bytes higher than it was taken for. */
static void find_beginning(uint32_t moved)
{
    execution.begun_lost = false;
    execution.sp_begun += moved;
    execution.stacks[execution.stack].lowest = UINT32_MAX;
    execution.stack = execution.begun_on = execution_stack_of(execution.sp_begun);
    execution.lowest = execution.sp_begun;
}

void execution_sp_is(const struct block *present, int32_t index, uint32_t sp)
{
    const uint32_t moved = sp - execution_sp(present, index);
    execution.sp_seen = present->sp_lost && index > present->sp_lost_to ? present : NULL;
    const bool lost = execution.sp_lost || (present->sp_lost && index > present->sp_lost_from);
    execution.sp_inexact &= !execution.sp_lost || !execution.sp_absolute;
    execution_sp_is_found();
    if (!execution.sp_absolute) { /* all so far was relative to another beginning */
        struct stack *const stack = &execution.stacks[execution.stack];
        execution.sp_absolute = true;
        execution.begun_lost = false;
        execution.sp_begun += moved;
        execution.lowest += moved;
        stack->top += moved;
        stack->deepest += moved;
    } else if (execution.begun_lost) {
        find_beginning(moved);
    } else if (execution.sp_switched || (lost && !execution.sp_derived)) {
        find_stack(sp);
    }
    execution.sp_switched = execution.sp_derived = false;
    execution.sp = sp - (uint32_t)present->lines[index].sp_before;
    const uint32_t low = execution.sp + (uint32_t)execution_lowest_known(present, index);
    execution.lowest = low < execution.lowest ? low : execution.lowest;
}

uint32_t execution_depth(void)
{
    const uint32_t lowest = execution_lowest(execution.begun_on);
    return execution.sp_begun > lowest ? execution.sp_begun - lowest : 0;
}

void execution_stored_at(const struct block *present, int32_t index, uint32_t address)
{
    const bool lost_here = present->sp_lost && index > present->sp_lost_from;
    uint32_t *const lowest = execution.sp_lost ? &execution.lowest_known : &execution.lowest;
    if ((execution.sp_lost || lost_here) && !execution.sp_switched && address < *lowest && *lowest - address < FARTHEST) {
        *lowest = address;
    }
}

/* The lowest that SP is between two instructions of a block, relative to its start; ``to`` may be its count. */
int32_t execution_lowest_within(const struct block *block, int32_t from, int32_t to)
{
    int32_t lowest = block->lines[from].sp_before;
    for (int32_t i = from; i <= to; i++) {
        const int32_t sp = i < block->count ? block->lines[i].sp_before : block->sp_change;
        lowest = sp < lowest ? sp : lowest;
    }
    return lowest;
}

int32_t execution_lowest_known(const struct block *block, int32_t from)
{
    int32_t to = from;
    while (to < block->count && !block->lines[to].loses_sp) {
        to++;
    }
    return execution_lowest_within(block, from, to);
}

void execution_take_back_depth(const struct block *present, int32_t index)
{
    if (execution.lowest_by == present && execution.lowest_at == present->executed && !execution.sp_lost) {
        const uint32_t low = execution.sp + (uint32_t)execution_lowest_within(present, 0, index);
        execution.lowest = low < execution.lowest_before ? low : execution.lowest_before;
    }
}

void execution_keep_deepest(void)
{
    for (int32_t stack = 0; stack < execution.stack_count; stack++) {
        execution.stacks[stack].deepest = execution_deepest(stack);
        execution.stacks[stack].lowest = UINT32_MAX;
    }
}

void execution_saves_at(uint32_t address)
{
    const int32_t stack = execution.thread_stack;
    if (execution.exceptions == 0u || address >= execution.thread_sp || execution.thread_sp - address > SAVED_MOST) {
        return;
    }
    uint32_t *const lowest = stack != execution.stack ? &execution.stacks[stack].lowest
                             : execution.sp_lost      ? &execution.lowest_known
                                                      : NULL; /* the handler's own stack too */
    if (lowest != NULL && address < *lowest) {
        *lowest = address;
    }
}

/* The lowest address of the memory that a stack begins in: code, data, or the PSRAM of the mps2-an386. */
static uint32_t end_of_memory(uint32_t top)
{
    return top > PSRAM ? PSRAM : top > DATA ? DATA : 0u;
}

static void check_room(const struct block *now, uint32_t low)
{
    const uint32_t top = execution.stacks[execution.stack].top, end = end_of_memory(top);
    if (low < end || low > top) { /* or below 0 */
        execution.lowest = end;
        execution.sp_inexact = true;
        execution.instructions += execution.profiling ? (uint64_t)now->count : 0u; /* its cycles are counted */
        execution_stack_ran_out(top, end);
    }
}

void execution_note_depth(const struct block *now, uint32_t low)
{
    if (!execution.sp_lost) {
        execution.lowest_by = now;
        execution.lowest_at = now->executed;
        execution.lowest_before = execution.lowest;
        execution.lowest = low;
        if (execution_stack_ran_out != NULL && execution.sp_absolute) {
            check_room(now, low);
        }
    } else {
        execution.sp_inexact |= now->sp_lowest < 0;
    }
}
