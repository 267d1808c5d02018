/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tasks.h"

#include "profile.h"
#include "qemu_api.h"
#include "symbols.h"

#include <stdlib.h>
#include <string.h>

#define TASKS_MOST 256
#define DEPTH_MOST 65536u
#define FRAMES 256u /* to begin with */

/* ``frames`` and ``depth`` are the present task's only while another runs; execution holds its own. */
static struct {
    struct task {
        struct frame *frames;
        uint32_t depth;
        uint32_t room;
        struct frame at; /* where it was interrupted */
        uint64_t since;  /* when, in changes of tasks */
    } all[TASKS_MOST];
    int32_t count;
    uint64_t changes;
    bool unsure; /* since reset, a task may have been taken for another */
} tasks;

void tasks_begin(void)
{
    execution.frames = tasks.all[0].frames;
    execution.room = tasks.all[0].room;
    execution.depth = execution.exceptions = 0;
    execution.task = 0;
    execution.owner = -1;
    execution.elsewhere = execution.tasks_switch = execution.tasks_unsure = false;
    tasks.count = 1;
    tasks.unsure = false;
}

bool execution_grow(void)
{
    struct task *const task = &tasks.all[execution.task];
    if (execution.room == DEPTH_MOST) {
        return false;
    }
    task->room = execution.room = execution.room == 0u ? FRAMES : 2u * execution.room;
    task->frames = execution.frames = realloc(execution.frames, execution.room * sizeof *execution.frames);
    if (execution.frames == NULL) {
        abort(); /* a figure without this call would be wrong */
    }
    return true;
}

/* Whether an interrupted task may go on at an address. */
static bool may_go_on(const struct task *task, uint32_t address)
{
    const struct block *const before = task->at.interrupted;
    if (before == NULL) {
        return false;
    }
    if (task->at.cut) {
        return address == task->at.resumes;
    }
    const struct frame *const caller = task->depth > 0u ? &task->frames[task->depth - 1u] : NULL;
    if (before->flow == FLOW_RETURN && caller != NULL && caller->interrupted == NULL) {
        return address == caller->returns_to;
    }
    tasks.unsure |= before->flow >= FLOW_CALL_REGISTER;
    return before->flow >= FLOW_CALL_REGISTER || address == before->falls_to || block_holds(before, address) ||
           (before->flow != FLOW_NEXT && address == before->target);
}

/* The task that goes on, by SP; ``count`` of them: none, a new one. */
static int32_t task_at_sp(uint32_t sp)
{
    int32_t task = 0;
    while (task < tasks.count && tasks.all[task].at.sp != sp) {
        task++;
    }
    return task;
}

/* Likewise by the address alone; the one that has waited longest when there are several. */
static int32_t task_at_address(uint32_t address)
{
    int32_t found = tasks.count;
    for (int32_t task = 0; task < tasks.count; task++) {
        if (may_go_on(&tasks.all[task], address)) {
            tasks.unsure |= found != tasks.count;
            found = found == tasks.count || tasks.all[task].since < tasks.all[found].since ? task : found;
        }
    }
    return found;
}

/* The task that waits on a stack; ``count`` of them: none. */
static int32_t task_on(int32_t stack)
{
    int32_t task = 0;
    while (task < tasks.count && (task == execution.task || tasks.all[task].at.stack != stack)) {
        task++;
    }
    return task;
}

/* Room for a new task: that of one whose stack it has, or none was there so far. */
static int32_t new_task(const struct frame *at)
{
    int32_t task = at->sp_lost ? tasks.count : task_on(at->stack);
    if (task == TASKS_MOST) {
        tasks.unsure = true;
        task--;
    }
    tasks.count = task < tasks.count ? tasks.count : task + 1;
    tasks.all[task].depth = 0;
    tasks.all[task].at = *at;
    return task;
}

static int32_t find(const struct frame *frame, const struct block *now)
{
    const uint32_t sp = API_READS_REGISTERS ? api_sp() : 0u;
    const int32_t task = API_READS_REGISTERS ? task_at_sp(sp) : task_at_address(now->address);
    if (task < tasks.count) {
        return task;
    }
    struct frame at = *frame;
    at.interrupted = NULL;
    at.cut = at.fpu_used = false;
    at.node = PROFILE_ROOT;
    at.sp_lost = at.sp_switched = !API_READS_REGISTERS;
    if (API_READS_REGISTERS) {
        at.sp = sp;
        at.stack = execution_stack_of(sp);
    }
    return new_task(&at);
}

static void leave_task(const struct frame *at)
{
    struct task *const before = &tasks.all[execution.task];
    before->depth = execution.depth;
    before->at = *at;
    before->since = ++tasks.changes;
}

static void enter_task(int32_t task)
{
    if (task == execution.task) {
        return;
    }
    const bool elsewhere = execution.owner >= 0 && task != execution.owner;
    execution.task = task;
    execution.frames = tasks.all[task].frames;
    execution.room = tasks.all[task].room;
    execution.depth = tasks.all[task].depth;
    execution.sp_read |= API_READS_REGISTERS;
    if (execution.elsewhere != elsewhere) {
        execution_other_task(elsewhere);
    }
}

void tasks_go_on(struct frame *frame, const struct block *now)
{
    leave_task(frame);
    const int32_t task = find(frame, now);
    *frame = tasks.all[task].at;
    if (tasks.unsure) { /* SP would be a guess: it is none */
        execution.tasks_unsure = true;
        frame->sp_lost = frame->sp_switched = true;
    }
    enter_task(task);
}

bool tasks_switch_themselves(struct frame *frame, const struct block *now)
{
    const struct frame caller = execution.frames[execution.depth - 1u];
    int32_t task = task_on(execution.stack);
    const bool begins = symbols_begins(symbols_find(now->address), now->address); /* as a new task does */
    if (task == tasks.count && (caller.returns_to == now->address || !begins)) {
        return false;
    }
    execution_raise_top(); /* a new task's stack is empty now */
    leave_task(&caller);
    const struct frame here = {.sp = execution.sp, .stack = execution.stack, .node = PROFILE_ROOT};
    enter_task(task < tasks.count ? task : new_task(&here));
    *frame = here;
    if (execution.depth > 0u && execution.frames[execution.depth - 1u].returns_to == now->address) {
        *frame = execution.frames[--execution.depth];
    }
    return true;
}
