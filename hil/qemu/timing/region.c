/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "region.h"

#include "execution.h"
#include "path.h"
#include "profile.h"
#include "report.h"
#include "symbols.h"
#include "timeline.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
    struct region_options options;
    bool active;
    uint32_t depth; /* of the calls when the function was entered */
    uint32_t sequence;
    uint32_t count; /* that ended */
    uint32_t lost; /* reports that could not be written */
    struct part {
        struct counts since; /* what it was when the part began */
        struct counts all;   /* of the parts that ended */
        bool runs;
    } other_tasks, other_stacks;
} region;

/* A part of a region, as what other tasks do in it, begins or ends. */
static void set_part(struct part *part, bool runs)
{
    if (!region.active || region.options.kind == REGION_PROGRAM || part->runs == runs) {
        return;
    }
    struct sums sums;
    report_add_up(&sums);
    if (runs) {
        part->since = sums.counts;
    } else {
        report_add(&part->all, &sums.counts, 1);
        report_add(&part->all, &part->since, -1);
    }
    part->runs = runs;
}

static void other_stack(bool used)
{
    set_part(&region.other_stacks, used);
}

static void other_task(bool runs)
{
    if (runs && execution.exceptions > 0u) {
        set_part(&region.other_stacks, false); /* its stack is another matter */
    }
    region.other_stacks.runs = false; /* that was the way to the other task */
    if (execution.profiling) {
        path_settle();
    }
    set_part(&region.other_tasks, runs);
    execution.elsewhere = runs;
    execution.node = PROFILE_ELSEWHERE;
}

static void clear_parts(void)
{
    memset(&region.other_tasks, 0, sizeof region.other_tasks);
    memset(&region.other_stacks, 0, sizeof region.other_stacks);
}

/* All or nothing, in one write: what the emulator wrote before it is killed stays whole. */
static void put_out(const char *text, size_t size)
{
    while (size > 0u) {
        const ssize_t wrote = write(region.options.output, text, size);
        if (wrote < 0 && errno == EINTR) {
            continue;
        }
        if (wrote <= 0) {
            if (region.lost++ == 0u) {
                fprintf(stderr, "timing plug-in: a report could not be written: %s\n", strerror(errno));
            }
            return;
        }
        text += wrote;
        size -= (size_t)wrote;
    }
}

static void report(bool complete)
{
    struct sums sums;
    char *text = NULL;
    size_t size = 0;
    FILE *const out = open_memstream(&text, &size);
    if (out == NULL) {
        region.lost++;
        return;
    }
    set_part(&region.other_tasks, false);
    set_part(&region.other_stacks, false);
    report_add_up(&sums);
    report_add(&sums.counts, &region.other_tasks.all, -1);
    if (execution.profiling) {
        path_settle();
    }
    fprintf(out, "{\"region\":%" PRIu32 ",\"complete\":%s,", execution.region, complete ? "true" : "false");
    if (region.options.kind == REGION_MARKS) {
        fprintf(out, "\"sequence\":%" PRIu32 ",", region.sequence);
    }
    report_print(out, &sums, region.options.kind == REGION_PROGRAM, &region.other_tasks.all,
                 &region.other_stacks.all);
    fprintf(out, "}\n");
    fclose(out);
    put_out(text, size);
    free(text);
}

/* What is left says why, not the exit code, which a program may choose as well. */
static void __attribute__((noreturn)) leave(const char *line)
{
    put_out(line, strlen(line));
    _exit(0);
}

static void begin(struct block *block, int32_t index)
{
    (void)symbols_refresh(region.options.symbols);
    region.active = true;
    region.depth = execution.depth;
    clear_parts();
    profile_clear();
    block->function = symbols_find(block->address);
    execution.function = block->function;
    execution.node = profile_child(PROFILE_ROOT, block->function);
    profile_node(execution.node)->calls = 1;
    timeline_hold();
    execution_restart(block, index);
    timeline_go_on();
}

static void end(const struct block *block, int32_t index)
{
    if (block != NULL) {
        timeline_hold();
        execution_part(block, index, -1);
        timeline_go_on();
        execution_take_back_depth(block, index);
    }
    report(true);
    region.active = false;
    if (region.options.most != 0u && ++region.count >= region.options.most) {
        leave("{\"enough\":true}\n");
    }
}

static void popped(void)
{
    if (region.active && region.options.kind == REGION_FUNCTION && execution.task == execution.owner &&
        execution.depth < region.depth) {
        end(NULL, 0);
    }
}

void region_refresh_symbols(void)
{
    if (!region.active && symbols_refresh(region.options.symbols)) {
        block_forget_all();
        timeline_hold();
        execution_other_symbols();
        timeline_go_on();
    }
}

/* A region that a reset cuts off is no whole one. */
static void was_reset(void)
{
    timeline_reset();
    if (region.active && region.options.kind != REGION_PROGRAM) {
        report(false);
        region.active = false;
    }
}

void region_setup(const struct region_options *options)
{
    region.options = *options;
    execution_popped = popped;
    execution_was_reset = was_reset;
    execution_other_task = other_task;
    execution_other_stack = other_stack;
    (void)symbols_refresh(options->symbols);
    if (options->kind == REGION_PROGRAM) {
        region.active = true;
        execution.node = profile_child(PROFILE_ROOT, execution.function);
    }
}

void region_at_from(unsigned int cpu, void *data)
{
    const struct point *const point = data;
    (void)cpu;
    if (!region.active) {
        begin(point->block, point->index);
    }
}

void region_at_to(unsigned int cpu, void *data)
{
    const struct point *const point = data;
    (void)cpu;
    if (region.active && !execution.elsewhere) {
        end(point->block, point->index);
    }
}

void region_at_mark(unsigned int cpu, void *data)
{
    const struct point *const point = data;
    (void)cpu;
    switch (point->block->instructions[point->index].mark) {
    case MARK_BIT_0:
    case MARK_BIT_1: {
        const uint32_t one = point->block->instructions[point->index].mark == MARK_BIT_1;
        region.sequence = region.sequence >> 1 | one << 31;
        break;
    }
    case MARK_BEGIN: /* one that did not end (a fault, a reset) is forgotten */
        timeline_note(TIMELINE_BEGINS, point->block, point->index);
        begin(point->block, point->index + 1);
        break;
    case MARK_END:
        timeline_note(TIMELINE_ENDS, point->block, point->index);
        if (region.active) {
            end(point->block, point->index);
        }
        break;
    case MARK_REPEAT_BEGIN:
        timeline_note(TIMELINE_BEGINS, point->block, point->index);
        break;
    case MARK_REPEAT_END:
        timeline_note(TIMELINE_ENDS, point->block, point->index);
        break;
    default:
        break;
    }
}

void region_finish(void)
{
    if (region.active) {
        report(region.options.kind == REGION_PROGRAM);
    }
    if (region.lost > 0u) {
        fprintf(stderr, "timing plug-in: %" PRIu32 " reports are lost\n", region.lost);
    }
}

void region_note(const char *saw)
{
    char line[64];
    const int size = snprintf(line, sizeof line, "{\"saw\":\"%s\"}\n", saw);
    put_out(line, (size_t)size);
}

static void ran_out(uint32_t top, uint32_t end_)
{
    char line[64];
    if (region.active) {
        report(false);
    }
    (void)snprintf(line, sizeof line, "{\"overflow\":[%" PRIu32 ",%" PRIu32 "]}\n", top, end_);
    leave(line);
}

void region_watch_room(void)
{
    execution_stack_ran_out = ran_out;
}

void region_give_up(const char *needs)
{
    char line[64];
    (void)snprintf(line, sizeof line, "{\"needs\":\"%s\"}\n", needs);
    leave(line);
}
