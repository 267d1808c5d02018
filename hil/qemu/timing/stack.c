/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where SP is and how deep it went; the other half of execution.h. */
#include "execution.h"

#define FARTHEST 0x100000u   /* bytes below the stack that a store may lie and still be of it */

uint32_t execution_sp(const struct block *present, int32_t index)
{
    return execution.sp + (uint32_t)present->lines[index].sp_before;
}

void execution_sp_gets_lost(void)
{
    if (!execution.sp_lost) {
        execution_comes_back();
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

uint32_t execution_lowest(void)
{
    return execution.sp_lost || execution.sp_away ? execution.lowest_known : execution.lowest;
}

void execution_sp_moves(bool switches, bool moved)
{
    if (switches && moved) {
        execution.sp_switched = execution.sp_mixed = true;
    }
}

void execution_leaves_stack(uint32_t sp)
{
    if (!execution.sp_away) {
        execution.sp_away = true;
        execution.lowest_known = execution.lowest;
        execution.lowest = 0;
    }
    execution.sp = sp;
}

void execution_comes_back(void)
{
    if (execution.sp_away) {
        execution.sp_away = false;
        execution.lowest = execution.lowest_known;
    }
}

/* The first instruction from ``index`` on that loses SP, or the block's count. */
static int32_t known_until(const struct block *present, int32_t index)
{
    while (index < present->count && !present->lines[index].loses_sp) {
        index++;
    }
    return index;
}

void execution_sp_is(const struct block *present, int32_t index, uint32_t sp)
{
    const uint32_t moved = sp - execution_sp(present, index);
    execution.sp_seen = present->sp_lost && index > present->sp_lost_to ? present : NULL;
    const bool lost = execution.sp_lost;
    const int32_t to = known_until(present, index);
    execution_sp_is_found();
    if (!execution.sp_absolute || execution.sp_switched) { /* all so far was relative to another beginning */
        execution.sp_absolute = true;
        execution.sp_begun += moved;
        execution.lowest += moved;
        execution.deepest += moved;
    } else if (lost) {
        execution.sp_inexact = false;
    }
    execution.sp_switched = false;
    execution.sp += moved;
    const uint32_t low = execution.sp + (uint32_t)execution_lowest_within(present, index, to);
    execution.lowest = low < execution.lowest ? low : execution.lowest;
}

uint32_t execution_depth(void)
{
    const uint32_t lowest = execution_lowest();
    return execution.sp_begun > lowest ? execution.sp_begun - lowest : 0;
}

void execution_stored_at(const struct block *present, int32_t index, uint32_t address)
{
    const bool lost_here = present->sp_lost && index > present->sp_lost_from;
    uint32_t *const lowest = execution.sp_lost ? &execution.lowest_known : &execution.lowest;
    if ((execution.sp_lost || lost_here) && address < *lowest && *lowest - address < FARTHEST) {
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

void execution_take_back_depth(const struct block *present, int32_t index)
{
    if (execution.lowest_by == present && execution.lowest_at == present->executed && !execution.sp_lost) {
        const uint32_t low = execution.sp + (uint32_t)execution_lowest_within(present, 0, index);
        execution.lowest = low < execution.lowest_before ? low : execution.lowest_before;
    }
}

void execution_keep_deepest(void)
{
    const uint32_t lowest = execution_lowest();
    execution.deepest = lowest < execution.deepest ? lowest : execution.deepest;
}

void execution_note_depth(const struct block *now, uint32_t low)
{
    if (!execution.sp_lost) {
        execution.lowest_by = now;
        execution.lowest_at = now->executed;
        execution.lowest_before = execution.lowest;
        execution.lowest = low;
    } else {
        execution.sp_inexact |= now->sp_lowest < 0;
    }
}
