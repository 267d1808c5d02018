/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A QEMU TCG plug-in that estimates the cycles of a Cortex-M4 and follows its stack.
 *
 * -plugin hil-timing.so,out=PATH[,symbols=PATH][,function=ADDRESS | ,from=ADDRESS,to=ADDRESS | ,marks=1]
 *     [,sp=ADDRESS][,profile=1][,watch=1][,icount=1][,systick=1][,notes=1][,regions=NUMBER][,timeline=PATH][,NAME=NUMBER of parameters.h] */
#include "execution.h"
#include "parameters.h"
#include "qemu_api.h"
#include "region.h"
#include "symbols.h"
#include "timeline.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INSTRUCTIONS_MOST 512u /* of one translation; QEMU's own limit */
#define DEVICES 0x40000000u    /* ARMv7-M ARM, B3.1: peripherals and what lies above */
#define TIMERS_END 0x40003000u /* CMSDK timers of the mps2-an386, then others */
#define SYSTICK 0xE000E010u
#define SYSTICK_END 0xE000E020u
#define DWT 0xE0001000u        /* whose CYCCNT stands at 0 in QEMU */
#define DWT_END 0xE0002000u
#define WFI 0xBF30u /* ARMv7-M ARM, A7.7.262 */

static struct {
    struct region_options region;
    const char *output;
    const char *timeline;
    uint32_t sp;
    bool profile;
    bool watch;  /* stores, to know SP when no opcode tells */
    bool icount; /* the emulator's clock counts instructions, so that times repeat */
    bool systick; /* stores, because one may start SysTick */
    bool notes; /* of what the program looks at in vain, and of a stack that runs out of memory */
} options;

/* Most loads: words at one alignment, by an address of memory. */
static void on_load(unsigned int cpu, uint32_t info, uint64_t address, void *data);

static void on_word_loads(unsigned int cpu, uint32_t info, uint64_t address, void *data)
{
    if (__builtin_expect((address & 3u) != 0u || address >= DEVICES, 0)) {
        on_load(cpu, info, address, data);
    }
}

static void on_load(unsigned int cpu, uint32_t info, uint64_t address, void *data)
{
    const struct alignment *const loads = data;
    (void)cpu;
    (void)info;
    if ((address & 1u) != 0u) {
        execution.unaligned += (uint64_t)(parameters.unaligned_byte * (loads->words + loads->words_halfway) +
                                          parameters.unaligned_half * loads->halves);
    } else if ((address & 2u) != 0u) {
        execution.unaligned += (uint64_t)(parameters.unaligned_half * loads->words);
    } else {
        execution.unaligned += (uint64_t)(parameters.unaligned_half * loads->words_halfway);
    }
    if (address >= DEVICES && !options.icount &&
        (address < TIMERS_END || (address >= SYSTICK && address < SYSTICK_END))) {
        region_give_up("icount");
    }
    if (address >= DWT && address < DWT_END && options.notes) {
        region_note("dwt");
        options.notes = false;
    }
}

static void on_systick_store(unsigned int cpu, uint32_t info, uint64_t address, void *data)
{
    (void)cpu;
    (void)info;
    (void)data;
    if (address >= SYSTICK && address < SYSTICK_END) {
        region_give_up("icount");
    }
}

static bool within_push(const struct instruction *push, uint32_t sp, uint32_t address)
{
    return address < sp && sp - address <= 4u * push->transfers;
}

static bool within_pop(const struct instruction *pop, uint32_t sp, uint32_t address)
{
    return address - sp < 4u * pop->transfers;
}

/* A load relative to SP tells what SP is. */
static void on_stack_load(unsigned int cpu, uint32_t info, uint64_t address, void *data)
{
    const struct point *const point = data;
    const struct instruction *const load = &point->block->instructions[point->index];
    const uint32_t at = (uint32_t)address, sp = execution_sp(point->block, point->index);
    (void)cpu;
    (void)info;
    if (point->block->sp_lost && point->index > point->block->sp_lost_from) {
        execution.sp_derived = point->block->sp_derived;
    }
    if (load->kind == KIND_LOAD || load->kind == KIND_FP_LOAD) {
        execution_sp_is(point->block, point->index, (uint32_t)((int32_t)at - load->offset));
    } else if (load->sp_change > 0 && !within_pop(load, sp, at)) {
        execution_sp_is(point->block, point->index, at);
    }
}

/* A store relative to SP tells what SP is; one below it, while that is unknown, how deep the stack is at least. */
static void on_store(unsigned int cpu, uint32_t info, uint64_t address, void *data)
{
    const struct point *const point = data;
    const struct instruction *const store = &point->block->instructions[point->index];
    const uint32_t at = (uint32_t)address, sp = execution_sp(point->block, point->index);
    (void)cpu;
    (void)info;
    if (point->block->sp_lost && point->index > point->block->sp_lost_from) {
        execution.sp_derived = point->block->sp_derived;
    }
    if (store->base == REGISTER_SP && !store->register_offset) {
        if (store->kind == KIND_STORE || store->kind == KIND_FP_STORE) {
            execution_sp_is(point->block, point->index, (uint32_t)((int32_t)at - store->offset));
        } else if (store->sp_change < 0 && !within_push(store, sp, at)) {
            execution_sp_is(point->block, point->index, at + 4u * store->transfers);
        }
    } else if (point->block->lines[point->index].by_sp) {
        execution_stored_at(point->block, point->index, at);
    }
}

/* STMDB to another base than SP, as a handler saves a task's registers. */
static void on_save(unsigned int cpu, uint32_t info, uint64_t address, void *data)
{
    (void)cpu;
    (void)info;
    (void)data;
    execution_saves_at((uint32_t)address);
}

/* The instruction before made of SP what no opcode tells. */
static void on_sp_moved(unsigned int cpu, void *data)
{
    const struct point *const point = data;
    const uint32_t sp = api_sp();
    (void)cpu;
    execution.sp_derived = point->block->lines[point->index - 1].derives_sp;
    execution_sp_moves(point->block->instructions[point->index - 1].kind == KIND_SYSTEM,
                       sp != execution_sp(point->block, point->index));
    execution_sp_is(point->block, point->index, sp);
}

/* An access of several words within an IT block: QEMU moves two of them at once, or one by one, as its version has it. */
static void on_words(unsigned int cpu, uint32_t info, uint64_t address, void *data)
{
    const struct instruction *const one = data;
    (void)cpu;
    (void)address;
    api_counters()[one->kind] += api_bytes(info) / 4u;
}

/* The whole of a block: perhaps what another was ended for. */
static void on_alone(unsigned int cpu, uint32_t info, uint64_t address, void *data)
{
    (void)cpu;
    (void)info;
    (void)address;
    execution_ran_alone(data);
}

static bool stores(const struct instruction *one)
{
    return one->kind == KIND_STORE || one->kind == KIND_STORE_MULTIPLE || one->kind == KIND_FP_STORE ||
           one->kind == KIND_FP_STORE_MULTIPLE;
}

static bool loads_from_stack(const struct instruction *one)
{
    return one->base == REGISTER_SP && !one->register_offset &&
           (one->kind == KIND_LOAD || one->kind == KIND_LOAD_MULTIPLE || one->kind == KIND_FP_LOAD ||
            one->kind == KIND_FP_LOAD_MULTIPLE);
}

static bool saves_downwards(const struct instruction *one)
{
    return (one->kind == KIND_STORE_MULTIPLE || one->kind == KIND_FP_STORE_MULTIPLE) && one->base != REGISTER_SP &&
           one->writeback && one->base_change < 0;
}

static struct point *point_at(struct block *block, size_t index)
{
    struct point *const point = malloc(sizeof *point);
    if (point == NULL) {
        abort();
    }
    *point = (struct point){block, (int32_t)index};
    return point;
}

static void watch_accesses(struct qemu_plugin_insn *insn, struct block *block, size_t index)
{
    const struct instruction *const one = &block->instructions[index];
    const struct alignment *const loads = &block->alignments[index];
    const int32_t more = cost_of_conditional_access(one, index > 0u ? one - 1 : NULL);
    if (API_READS_REGISTERS && index > 0u && block->lines[index - 1u].loses_sp) {
        api_on_instruction(insn, on_sp_moved, point_at(block, index));
    }
    if (loads->words != 0u || loads->words_halfway != 0u || loads->halves != 0u) {
        api_on_access(insn, loads->words_halfway == 0u ? on_word_loads : on_load, &block->alignments[index]);
    }
    if (more != 0 && one->transfers > 1u) {
        api_on_access(insn, on_words, &block->instructions[index]);
    } else if (more != 0) {
        api_count_accesses(insn, one->kind, (uint64_t)more);
    }
    if (options.watch && !API_READS_REGISTERS && stores(one)) {
        api_on_access(insn, on_store, point_at(block, index));
    }
    /* The firmware of the bench has one task, and is spared this. */
    if (options.watch && !API_READS_REGISTERS && options.region.kind != REGION_MARKS && loads_from_stack(one)) {
        api_on_access(insn, on_stack_load, point_at(block, index));
    }
    if (saves_downwards(one)) {
        api_on_access(insn, on_save, NULL);
    }
    if (options.systick && !options.icount && stores(one) && one->base != REGISTER_SP) {
        api_on_access(insn, on_systick_store, NULL);
    }
}

static void watch_regions(struct qemu_plugin_insn *insn, struct block *block, size_t index)
{
    const struct instruction *const one = &block->instructions[index];
    switch (options.region.kind) {
    case REGION_MARKS:
        if (one->mark >= MARK_BIT_0 && one->mark <= MARK_REPEAT_END) {
            api_on_instruction(insn, region_at_mark, point_at(block, index));
        }
        break;
    case REGION_BETWEEN:
        if (one->address == options.region.to) {
            api_on_instruction(insn, region_at_to, point_at(block, index));
        }
        if (one->address == options.region.from) {
            api_on_instruction(insn, region_at_from, point_at(block, index));
        }
        break;
    case REGION_FUNCTION:
        if (one->address == options.region.from) {
            api_on_instruction(insn, region_at_from, point_at(block, index));
        }
        break;
    case REGION_PROGRAM:
        break;
    }
}

static void watch_timeline(struct qemu_plugin_insn *insn, struct block *block, size_t index, uint16_t opcode)
{
    const struct instruction *const one = &block->instructions[index];
    if (opcode == WFI) {
        api_on_instruction(insn, timeline_at_sleep, point_at(block, index));
    }
    if (stores(one)) {
        const int32_t function = symbols_find(one->address);
        if (function >= 0 && strcmp(symbols_name(function), TIMELINE_PIN_FUNCTION) == 0) {
            api_on_instruction(insn, timeline_at_pin, point_at(block, index));
        }
    }
}

/* An interrupt comes when the clock says; without icount that is not the same twice. */
static void on_interruptible(unsigned int cpu, void *data)
{
    (void)cpu;
    (void)data;
    if (execution.interrupted) {
        region_give_up("icount");
    }
}

static void on_translation(struct qemu_plugin_tb *tb)
{
    static uint16_t halfwords[INSTRUCTIONS_MOST][2];
    const size_t count = api_count(tb);
    if (count == 0u || count > INSTRUCTIONS_MOST) {
        return;
    }
    region_refresh_symbols();
    for (size_t i = 0; i < count; i++) {
        api_opcode(api_instruction(tb, i), halfwords[i]);
    }
    const uint32_t address = api_address(api_instruction(tb, 0));
    struct block *const block = block_of(address, (const uint16_t (*)[2])halfwords, count);
    if (block == NULL) {
        abort(); /* a figure that leaves a block out would be wrong */
    }
    api_on_block(tb, execution_callback(block), block);
    for (size_t i = 0; i < count; i++) {
        struct qemu_plugin_insn *const insn = api_instruction(tb, i);
        watch_accesses(insn, block, i);
        watch_regions(insn, block, i);
        if (timeline_is_open()) {
            watch_timeline(insn, block, i, halfwords[i][0]);
        }
    }
    if (count == 1u) {
        api_on_access(api_instruction(tb, 0), on_alone, block);
    }
    if (!options.icount && symbols_entry(address) == ENTRY_INTERRUPT) {
        api_on_instruction(api_instruction(tb, 0), on_interruptible, NULL);
    }
}

static bool take_address(const char *option, const char *name, uint32_t *into, enum region_kind kind)
{
    const size_t length = strlen(name);
    if (strncmp(option, name, length) != 0 || option[length] != '=') {
        return false;
    }
    *into = (uint32_t)strtoul(option + length + 1u, NULL, 0) & ~1u;
    options.region.kind = kind;
    return true;
}

static bool take_flag(const char *option, const char *name, bool *into)
{
    const size_t length = strlen(name);
    if (strncmp(option, name, length) != 0 || option[length] != '=') {
        return false;
    }
    *into = option[length + 1u] == '1';
    return true;
}

static bool take_option(char *option)
{
    bool marks = false;
    enum region_kind unchanged = options.region.kind;
    if (strncmp(option, "out=", 4) == 0) {
        options.output = option + 4;
        return true;
    }
    if (strncmp(option, "timeline=", 9) == 0) {
        options.timeline = option + 9;
        return true;
    }
    if (strncmp(option, "symbols=", 8) == 0) {
        options.region.symbols = option + 8;
        return true;
    }
    if (take_flag(option, "marks", &marks)) {
        options.region.kind = marks ? REGION_MARKS : unchanged;
        return true;
    }
    if (take_flag(option, "profile", &options.profile) || take_flag(option, "watch", &options.watch) ||
        take_flag(option, "icount", &options.icount) || take_flag(option, "systick", &options.systick) ||
        take_flag(option, "notes", &options.notes) ||
        take_address(option, "function", &options.region.from, REGION_FUNCTION) ||
        take_address(option, "from", &options.region.from, REGION_BETWEEN) ||
        take_address(option, "to", &options.region.to, REGION_BETWEEN) ||
        take_address(option, "sp", &options.sp, unchanged)) {
        return true;
    }
    if (strncmp(option, "regions=", 8) == 0) {
        options.region.most = (uint32_t)strtoul(option + 8, NULL, 0);
        return true;
    }
    char *const value = strchr(option, '=');
    if (value == NULL) {
        return false;
    }
    *value = '\0';
    return parameters_set(option, (int32_t)strtol(value + 1, NULL, 0)) == 0;
}

int api_install(qemu_plugin_id_t id, int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        char *const kept = strdup(argv[i]);
        if (kept == NULL || !take_option(kept)) {
            fprintf(stderr, "timing plug-in: unknown option %s\n", argv[i]);
            return -1;
        }
    }
    if (options.output == NULL) {
        fprintf(stderr, "timing plug-in: no out=PATH\n");
        return -1;
    }
    options.region.output = open(options.output, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (options.region.output < 0) {
        perror(options.output);
        return -1;
    }
    if (options.timeline != NULL && timeline_open(options.timeline) < 0) {
        perror(options.timeline);
        return -1;
    }
    if (execution_begin(options.sp, options.profile) < 0) {
        fprintf(stderr, "timing plug-in: out of memory\n");
        return -1;
    }
    region_setup(&options.region);
    if (options.notes) {
        region_watch_room();
    }
    api_begin(id, on_translation, region_finish);
    return 0;
}
