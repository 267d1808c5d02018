/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "timeline.h"

#include "execution.h"
#include "qemu_api.h"
#include "region.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { RECORD = 24 };

struct moment {
    int64_t cycles;
    int64_t instructions;
};

static struct {
    int output;
    struct moment before; /* the present counts began */
    struct moment held;
    struct moment last; /* that was told */
    uint32_t level;
    bool lost;
} timeline = {.output = -1};

int timeline_open(const char *path)
{
    timeline.output = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    return timeline.output < 0 ? -1 : 0;
}

bool timeline_is_open(void)
{
    return timeline.output >= 0;
}

/* What a region's report adds up by classes (report.c), at once. */
static struct moment now(void)
{
    struct moment all = timeline.before;
    for (uint32_t i = 0; i < execution.touched_count; i++) {
        const struct block *const block = execution.touched[i];
        const int64_t times = (int64_t)block->executed, entered = (int64_t)block->entered;
        all.cycles += times * block->nominal + (int64_t)block->left * block->leaving + entered * block->entering +
                      (times - entered) * block->following;
        all.instructions += times * block->count;
    }
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        all.cycles += execution.parts.nominal[kind] + (int64_t)api_counters()[kind] + (int64_t)execution.fpu_wait[kind];
        all.instructions += execution.parts.instructions[kind];
    }
    all.cycles += execution.parts.fetch + (int64_t)execution.unaligned + (int64_t)execution.exception_cycles;
    return all;
}

static uint8_t *put(uint8_t *at, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++) {
        *at++ = (uint8_t)(value >> 8 * i);
    }
    return at;
}

static void write_out(struct moment when, enum timeline_event event, uint32_t value)
{
    uint8_t record[RECORD], *at = record;
    /* What a block costs behind another is known once it has run: a cycle may be taken back. */
    if (when.cycles > timeline.last.cycles) {
        timeline.last.cycles = when.cycles;
    }
    timeline.last.instructions = when.instructions;
    at = put(at, (uint64_t)timeline.last.cycles, 8);
    at = put(at, (uint64_t)timeline.last.instructions, 8);
    at = put(at, (uint64_t)event, 4);
    (void)put(at, value, 4);
    ssize_t wrote;
    do {
        wrote = write(timeline.output, record, RECORD);
    } while (wrote < 0 && errno == EINTR);
    if (wrote != RECORD && !timeline.lost) {
        timeline.lost = true;
        fprintf(stderr, "timing plug-in: the timeline could not be written: %s\n", strerror(errno));
    }
}

void timeline_note(enum timeline_event event, const struct block *block, int32_t index)
{
    if (!timeline_is_open()) {
        return;
    }
    struct moment when = now(); /* the whole of the present block is in it */
    for (int32_t i = index; i < block->count; i++) {
        when.cycles -= block->lines[i].cost.cycles.nominal;
        when.instructions--;
    }
    write_out(when, event, event == TIMELINE_PIN ? timeline.level : 0u);
}

void timeline_reset(void)
{
    if (timeline_is_open()) {
        timeline.level = 0;
        write_out(now(), TIMELINE_RESETS, 0);
    }
}

void timeline_hold(void)
{
    if (timeline_is_open()) {
        timeline.held = now();
    }
}

void timeline_go_on(void)
{
    if (timeline_is_open()) {
        const struct moment after = now();
        timeline.before.cycles += timeline.held.cycles - after.cycles;
        timeline.before.instructions += timeline.held.instructions - after.instructions;
    }
}

void timeline_at_pin(unsigned int cpu, void *data)
{
    const struct point *const point = data;
    (void)cpu;
    timeline.level ^= 1u;
    timeline_note(TIMELINE_PIN, point->block, point->index);
}

void timeline_at_sleep(unsigned int cpu, void *data)
{
    const struct point *const point = data;
    (void)cpu;
    timeline_note(TIMELINE_SLEEPS, point->block, point->index);
}
