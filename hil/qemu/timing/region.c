/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "region.h"

#include "execution.h"
#include "parameters.h"
#include "profile.h"
#include "qemu_api.h"
#include "symbols.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct sums {
    struct counts {
        int64_t instructions[KIND_COUNT];
        int64_t low[KIND_COUNT];
        int64_t nominal[KIND_COUNT];
        int64_t high[KIND_COUNT];
        int64_t fetch;
        int64_t exceptions;
        int64_t unknown;
    } counts;
    uint32_t unknown_address;
    uint32_t unknown_opcode;
};

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

static void add_block(struct sums *sums, const struct block *block)
{
    const int64_t times = (int64_t)block->executed;
    for (int32_t i = 0; i < block->count; i++) {
        const struct line *const line = &block->lines[i];
        const struct cost *const cost = &line->cost;
        sums->counts.instructions[line->kind] += times;
        sums->counts.low[line->kind] += times * (cost->cycles.low - cost->fetch - cost->wait.low);
        sums->counts.nominal[line->kind] += times * (cost->cycles.nominal - cost->fetch - cost->wait.nominal);
        sums->counts.high[line->kind] += times * (cost->cycles.high - cost->fetch - cost->wait.high);
        sums->counts.low[cost->waits_for] += times * cost->wait.low;
        sums->counts.nominal[cost->waits_for] += times * cost->wait.nominal;
        sums->counts.high[cost->waits_for] += times * cost->wait.high;
        sums->counts.fetch += times * cost->fetch;
    }
    const uint8_t last = block->lines[block->count - 1].kind;
    const int64_t leaving = (int64_t)block->left * block->leaving;
    sums->counts.low[last] += leaving;
    sums->counts.nominal[last] += leaving;
    sums->counts.high[last] += leaving;
    sums->counts.fetch += (int64_t)block->entered * block->entering;
    const int64_t followed = times - (int64_t)block->entered;
    const uint8_t first = block->lines[0].kind;
    sums->counts.low[first] += followed * (block->follow.cycles.low - block->follow.fetch);
    sums->counts.nominal[first] += followed * (block->follow.cycles.nominal - block->follow.fetch);
    sums->counts.high[first] += followed * (block->follow.cycles.high - block->follow.fetch);
    sums->counts.fetch += followed * block->follow.fetch;
    if (block->unknown != 0u && times > 0) {
        sums->counts.unknown += times * block->unknown;
        sums->unknown_address = block->unknown_address;
        sums->unknown_opcode = block->unknown_opcode;
    }
}

static void add_up(struct sums *sums)
{
    memset(sums, 0, sizeof *sums);
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        sums->counts.instructions[kind] = execution.parts.instructions[kind];
        sums->counts.low[kind] = execution.parts.low[kind];
        sums->counts.nominal[kind] = execution.parts.nominal[kind];
        sums->counts.high[kind] = execution.parts.high[kind];
    }
    sums->counts.fetch = execution.parts.fetch;
    for (uint32_t i = 0; i < execution.touched_count; i++) {
        add_block(sums, execution.touched[i]);
    }
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        const int64_t unaligned = kind == KIND_LOAD ? (int64_t)execution.unaligned : 0;
        const int64_t all = unaligned + (int64_t)api_counters()[kind], wait = (int64_t)execution.fpu_wait[kind];
        sums->counts.low[kind] += all + wait;
        sums->counts.nominal[kind] += all + wait;
        sums->counts.high[kind] += all;
    }
    sums->counts.exceptions = (int64_t)execution.exception_cycles;
}

/* All of a region's counts are numbers that only grow, of one type. */
static void add(struct counts *to, const struct counts *counts, int sign)
{
    int64_t *const into = (int64_t *)to;
    const int64_t *const from = (const int64_t *)counts;
    for (size_t i = 0; i < sizeof *to / sizeof *into; i++) {
        into[i] += sign * from[i];
    }
}

/* A part of a region, as what other tasks do in it, begins or ends. */
static void set_part(struct part *part, bool runs)
{
    if (!region.active || region.options.kind == REGION_PROGRAM || part->runs == runs) {
        return;
    }
    struct sums sums;
    add_up(&sums);
    if (runs) {
        part->since = sums.counts;
    } else {
        add(&part->all, &sums.counts, 1);
        add(&part->all, &part->since, -1);
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
        execution_settle();
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

static int64_t nominal_of(const struct counts *counts)
{
    int64_t cycles = counts->fetch + counts->exceptions;
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        cycles += counts->nominal[kind];
    }
    return cycles;
}

static int64_t instructions_of(const struct counts *counts)
{
    int64_t instructions = 0;
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        instructions += counts->instructions[kind];
    }
    return instructions;
}

static void print_kinds(FILE *out, const struct sums *sums)
{
    const int64_t exceptions = sums->counts.exceptions;
    int64_t instructions = 0, low = sums->counts.fetch + exceptions, nominal = low, high = low;
    fprintf(out, "\"kinds\":[");
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        if (sums->counts.instructions[kind] != 0 || sums->counts.nominal[kind] != 0) {
            fprintf(out, "[\"%s\",%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 "],", kind_names[kind],
                    sums->counts.instructions[kind], sums->counts.low[kind], sums->counts.nominal[kind], sums->counts.high[kind]);
        }
        instructions += sums->counts.instructions[kind];
        low += sums->counts.low[kind];
        nominal += sums->counts.nominal[kind];
        high += sums->counts.high[kind];
    }
    fprintf(out, "[\"fetch\",0,%" PRId64 ",%" PRId64 ",%" PRId64 "],", sums->counts.fetch, sums->counts.fetch, sums->counts.fetch);
    fprintf(out, "[\"exception\",0,%" PRId64 ",%" PRId64 ",%" PRId64 "]],", exceptions, exceptions, exceptions);
    fprintf(out, "\"instructions\":%" PRId64 ",\"cycles\":[%" PRId64 ",%" PRId64 ",%" PRId64 "],", instructions, low,
            nominal, high);
}

static void print_text(FILE *out, const char *text)
{
    fputc('"', out);
    for (; *text != '\0'; text++) {
        const unsigned char letter = (unsigned char)*text;
        if (letter == '"' || letter == '\\' || letter < 0x20u) {
            fprintf(out, "\\u%04x", letter);
        } else {
            fputc(letter, out);
        }
    }
    fputc('"', out);
}

static void print_nodes(FILE *out)
{
    fprintf(out, ",\"nodes\":[");
    for (int32_t i = 0; i < profile_count(); i++) {
        const struct node *const node = profile_node(i);
        fprintf(out, "%s[%" PRId32 ",", i == 0 ? "" : ",", node->parent);
        print_text(out, i == PROFILE_ROOT ? "" : symbols_name(node->function));
        const bool counts = i != PROFILE_ELSEWHERE;
        fprintf(out, ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 "]", counts ? node->calls : 0u,
                counts ? node->instructions : 0u, counts ? node->cycles : 0u);
    }
    fprintf(out, "]");
}

/* Of a whole program the stack that went deepest, of a part of one that on which it began; and all that were used. */
static void print_stacks(FILE *out)
{
    const bool whole = region.options.kind == REGION_PROGRAM;
    uint32_t depth = execution_depth();
    fprintf(out, "\"stacks\":[");
    for (int32_t stack = 0, printed = 0; whole && stack < execution.stack_count; stack++) {
        const uint32_t top = execution.stacks[stack].top, low = execution_lowest(stack);
        if (low < top) {
            depth = top - low > depth ? top - low : depth;
            fprintf(out, "%s[%" PRIu32 ",%" PRIu32 "]", printed++ == 0 ? "" : ",", top, top - low);
        }
    }
    fprintf(out, "],\"stack\":%" PRIu32 ",\"stack_exact\":%s,\"sp_read\":%s,", depth,
            execution.sp_inexact || execution.sp_mixed ? "false" : "true",
            execution.sp_read ? "true" : "false");
    /* Of this region alone: how deep interrupts went before depends on when they came. */
    const uint32_t initial = symbols_initial_sp(), lowest = execution_lowest(0);
    if (initial >= lowest) {
        fprintf(out, "\"stack_total\":%" PRIu32 ",", initial - lowest);
    }
}

static void print_parts(FILE *out)
{
    const struct counts *const tasks = &region.other_tasks.all, *const stacks = &region.other_stacks.all;
    fprintf(out, "\"other_tasks\":[%" PRId64 ",%" PRId64 "],\"tasks_sure\":%s,", instructions_of(tasks),
            nominal_of(tasks), execution.tasks_unsure ? "false" : "true");
    fprintf(out, "\"other_stacks\":%" PRId64 ",", nominal_of(stacks));
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
    add_up(&sums);
    add(&sums.counts, &region.other_tasks.all, -1);
    if (execution.profiling) {
        execution_settle();
    }
    fprintf(out, "{\"region\":%" PRIu32 ",\"complete\":%s,", execution.region, complete ? "true" : "false");
    if (region.options.kind == REGION_MARKS) {
        fprintf(out, "\"sequence\":%" PRIu32 ",", region.sequence);
    }
    print_kinds(out, &sums);
    print_stacks(out);
    print_parts(out);
    fprintf(out, "\"unaligned\":%" PRIu64 ",", execution.unaligned);
    fprintf(out, "\"unknown\":%" PRId64 ",\"unknown_address\":%" PRIu32 ",\"unknown_opcode\":%" PRIu32,
            sums.counts.unknown, sums.unknown_address, sums.unknown_opcode);
    if (execution.profiling) {
        print_nodes(out);
    }
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
    execution_restart(block, index);
}

static void end(const struct block *block, int32_t index)
{
    if (block != NULL) {
        execution_part(block, index, -1);
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
        execution_other_symbols();
    }
}

/* A region that a reset cuts off is no whole one. */
static void was_reset(void)
{
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
        begin(point->block, point->index + 1);
        break;
    case MARK_END:
        if (region.active) {
            end(point->block, point->index);
        }
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
