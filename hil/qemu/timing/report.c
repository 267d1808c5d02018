/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report.h"

#include "execution.h"
#include "profile.h"
#include "qemu_api.h"
#include "symbols.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* What the blocks of each function cost that ran since the region began, in the order that they ran first. */
static struct {
    int32_t function;
    struct counts counts;
} *functions;
static size_t function_count, function_room;

static struct counts *of_function(int32_t function)
{
    for (size_t i = function_count; i-- > 0u;) {
        if (functions[i].function == function) {
            return &functions[i].counts;
        }
    }
    if (function_count == function_room) {
        const size_t room = function_room == 0u ? 64u : 2u * function_room;
        void *const larger = realloc(functions, room * sizeof *functions);
        if (larger == NULL) {
            abort(); /* a figure that leaves a function out would be wrong */
        }
        functions = larger;
        function_room = room;
    }
    memset(&functions[function_count], 0, sizeof *functions);
    functions[function_count].function = function;
    return &functions[function_count++].counts;
}

static void add_block(struct sums *sums, struct counts *counts, const struct block *block)
{
    const int64_t times = (int64_t)block->executed;
    for (int32_t i = 0; i < block->count; i++) {
        const struct line *const line = &block->lines[i];
        const struct cost *const cost = &line->cost;
        counts->instructions[line->kind] += times;
        counts->low[line->kind] += times * (cost->cycles.low - cost->fetch - cost->wait.low);
        counts->nominal[line->kind] += times * (cost->cycles.nominal - cost->fetch - cost->wait.nominal);
        counts->high[line->kind] += times * (cost->cycles.high - cost->fetch - cost->wait.high);
        counts->low[cost->waits_for] += times * cost->wait.low;
        counts->nominal[cost->waits_for] += times * cost->wait.nominal;
        counts->high[cost->waits_for] += times * cost->wait.high;
        counts->fetch += times * cost->fetch;
    }
    const uint8_t last = block->lines[block->count - 1].kind;
    const int64_t leaving = (int64_t)block->left * block->leaving;
    counts->low[last] += leaving;
    counts->nominal[last] += leaving;
    counts->high[last] += leaving;
    counts->fetch += (int64_t)block->entered * block->entering;
    const int64_t followed = times - (int64_t)block->entered;
    const uint8_t first = block->lines[0].kind;
    counts->low[first] += followed * (block->follow.cycles.low - block->follow.fetch);
    counts->nominal[first] += followed * (block->follow.cycles.nominal - block->follow.fetch);
    counts->high[first] += followed * (block->follow.cycles.high - block->follow.fetch);
    counts->fetch += followed * block->follow.fetch;
    if (block->unknown != 0u && times > 0) {
        counts->unknown += times * block->unknown;
        sums->unknown_address = block->unknown_address;
        sums->unknown_opcode = block->unknown_opcode;
    }
}

void report_add_up(struct sums *sums)
{
    memset(sums, 0, sizeof *sums);
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        sums->counts.instructions[kind] = execution.parts.instructions[kind];
        sums->counts.low[kind] = execution.parts.low[kind];
        sums->counts.nominal[kind] = execution.parts.nominal[kind];
        sums->counts.high[kind] = execution.parts.high[kind];
    }
    sums->counts.fetch = execution.parts.fetch;
    function_count = 0;
    for (uint32_t i = 0; i < execution.touched_count; i++) {
        const struct block *const block = execution.touched[i];
        add_block(sums, of_function(block->function), block);
    }
    for (size_t i = 0; i < function_count; i++) {
        report_add(&sums->counts, &functions[i].counts, 1);
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
void report_add(struct counts *to, const struct counts *counts, int sign)
{
    int64_t *const into = (int64_t *)to;
    const int64_t *const from = (const int64_t *)counts;
    for (size_t i = 0; i < sizeof *to / sizeof *into; i++) {
        into[i] += sign * from[i];
    }
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

/* The nominal cycles of each function's own instructions by class. What depends on data or on the way that led
 * to a block (a division's operands, words off their boundary, a part of a block) is counted for the region alone,
 * and is the rest of what its nodes spent. */
static void print_functions(FILE *out)
{
    fprintf(out, ",\"functions\":[");
    for (size_t i = 0; i < function_count; i++) {
        const struct counts *const counts = &functions[i].counts;
        fprintf(out, "%s[", i == 0u ? "" : ",");
        print_text(out, symbols_name(functions[i].function));
        for (int kind = 0; kind < KIND_COUNT; kind++) {
            if (counts->nominal[kind] != 0) {
                fprintf(out, ",[\"%s\",%" PRId64 "]", kind_names[kind], counts->nominal[kind]);
            }
        }
        if (counts->fetch != 0) {
            fprintf(out, ",[\"fetch\",%" PRId64 "]", counts->fetch);
        }
        fprintf(out, "]");
    }
    fprintf(out, "]");
}

/* Of a whole program the stack that went deepest, of a part of one that on which it began; and all that were used. */
static void print_stacks(FILE *out, bool whole)
{
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

static void print_parts(FILE *out, const struct counts *tasks, const struct counts *stacks)
{
    fprintf(out, "\"other_tasks\":[%" PRId64 ",%" PRId64 "],\"tasks_sure\":%s,", instructions_of(tasks),
            nominal_of(tasks), execution.tasks_unsure ? "false" : "true");
    fprintf(out, "\"other_stacks\":%" PRId64 ",", nominal_of(stacks));
}

void report_print(FILE *out, const struct sums *sums, bool whole, const struct counts *tasks,
                  const struct counts *stacks)
{
    print_kinds(out, sums);
    print_stacks(out, whole);
    print_parts(out, tasks, stacks);
    fprintf(out, "\"unaligned\":%" PRIu64 ",", execution.unaligned);
    fprintf(out, "\"unknown\":%" PRId64 ",\"unknown_address\":%" PRIu32 ",\"unknown_opcode\":%" PRIu32,
            sums->counts.unknown, sums->unknown_address, sums->unknown_opcode);
    if (execution.profiling) {
        print_nodes(out);
        if (instructions_of(tasks) == 0) { /* else some of their blocks are another task's */
            print_functions(out);
        }
    }
}
