/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cost.h"

#include "parameters.h"

#include <stdbool.h>

/* What is assumed where the opcode does not tell. */
struct assumption {
    int32_t divide;
    bool fpu_overlaps; /* its work passes under integer instructions */
    bool skips; /* what an IT block may skip */
};

/* The part of an instruction's cycles that is not its own. */
struct stalls {
    int32_t fetch;
    int32_t wait; /* for the FPU's work on an instruction of kind ``waits_for`` */
    uint8_t waits_for;
};

/* What an instruction leaves behind for those after it. */
struct state {
    const struct instruction *before;
    int32_t fpu_busy;      /* cycles that the FPU still works while integer instructions go on, */
    uint8_t fpu_kind;      /* on an instruction of this kind */
    uint32_t fp_fresh;     /* results of the instruction before that come a cycle late */
    int32_t outpaces;      /* 32-bit instructions at halfwords until the fetch is outpaced; 0: it is not */
};

static bool is_load(const struct instruction *one)
{
    return one->kind == KIND_LOAD || one->kind == KIND_FP_LOAD || one->like_load;
}

static bool is_store(const struct instruction *one)
{
    return (one->kind == KIND_STORE && !one->like_load) || one->kind == KIND_FP_STORE;
}

static bool is_multiple(const struct instruction *one)
{
    return one->kind == KIND_LOAD_MULTIPLE || one->kind == KIND_STORE_MULTIPLE ||
           one->kind == KIND_FP_LOAD_MULTIPLE || one->kind == KIND_FP_STORE_MULTIPLE;
}

static bool uses_fpu(const struct instruction *one)
{
    return one->kind >= KIND_FP;
}

static bool is_data_processing(const struct instruction *one)
{
    return one->kind == KIND_ALU || one->kind == KIND_MULTIPLY || one->kind == KIND_DIVIDE ||
           one->kind == KIND_FP_MOVE || one->kind == KIND_SYSTEM;
}

/* Two accesses overlap when they go to the same memory, the second's address does not wait for the first, the
 * first does not move a base that both use, and both are executed or neither. */
static bool overlaps(const struct instruction *first, const struct instruction *second)
{
    const bool together = !first->is_conditional || (second->is_conditional && first->condition == second->condition);
    return is_load(first) && together && first->literal == second->literal &&
           (first->writes & second->address_from) == 0u && !first->loads_pc;
}

static int32_t cost_of_load(const struct instruction *one, const struct instruction *before)
{
    if (before != NULL && overlaps(before, one) && !one->loads_pc) {
        return parameters.load_pipelined;
    }
    return parameters.load;
}

static int32_t cost_of_store(const struct instruction *one, const struct instruction *before)
{
    if (before != NULL && is_store(before) && before->writeback && before->base == one->base) {
        return parameters.store + parameters.store_same_base;
    }
    const bool waits = one->register_offset && !(before != NULL && overlaps(before, one));
    return waits ? parameters.store_register : parameters.store;
}

static bool hides(const struct instruction *before)
{
    return parameters.nop_hides != 0 && !before->is_conditional &&
           (is_load(before) || (is_store(before) && before->register_offset));
}

static int32_t cost_of_fpu_work(const struct instruction *one, struct state *state, const struct assumption *assumed)
{
    const int32_t all = one->kind == KIND_FP_MAC ? parameters.fp_mac : parameters.fp_divide;
    if (!assumed->fpu_overlaps) {
        return all;
    }
    state->fpu_busy = all - 1;
    state->fpu_kind = one->kind;
    return 1;
}

/* IT goes along with a 16-bit instruction that came in the same word. */
static bool folds(const struct instruction *it, const struct instruction *before)
{
    return parameters.it_folds != 0 && it->address % 4u == 2u && before != NULL && before->size == 2u;
}

/* Without stalls, and as if it were executed; within an IT block accesses count when they happen. */
static int32_t own_cost(const struct instruction *one, struct state *state, const struct assumption *assumed)
{
    const struct instruction *const before = state->before;
    switch (one->kind) {
    case KIND_IT:
        return folds(one, before) ? 0 : 1;
    case KIND_NOP:
        return before != NULL && hides(before) ? 0 : 1;
    case KIND_DIVIDE:
        return assumed->divide;
    case KIND_LOAD:
    case KIND_FP_LOAD:
        return cost_of_load(one, before);
    case KIND_STORE:
    case KIND_FP_STORE:
        return one->like_load ? cost_of_load(one, before) : cost_of_store(one, before);
    case KIND_LOAD_MULTIPLE:
    case KIND_STORE_MULTIPLE:
    case KIND_FP_LOAD_MULTIPLE:
    case KIND_FP_STORE_MULTIPLE:
        return parameters.multiple + one->transfers;
    case KIND_TABLE_BRANCH:
        return parameters.load;
    case KIND_FP_MAC:
    case KIND_FP_DIVIDE:
        return cost_of_fpu_work(one, state, assumed);
    case KIND_FP_MOVE:
        return one->transfers > 1u ? one->transfers : 1;
    case KIND_SYSTEM:
        return 1 + (one->barrier ? parameters.refill : 0);
    default:
        return 1;
    }
}

static bool reads_memory(const struct instruction *one)
{
    return is_load(one) || one->kind == KIND_LOAD_MULTIPLE || one->kind == KIND_FP_LOAD_MULTIPLE ||
           one->kind == KIND_TABLE_BRANCH;
}

/* A store goes to its memory a cycle after its own, when the next instruction would read. */
static int32_t store_stall(const struct instruction *one, const struct instruction *before)
{
    if (!is_store(before) || before->register_offset || !reads_memory(one)) {
        return 0;
    }
    return is_load(one) && !one->literal ? parameters.load_after_store : parameters.read_after_store;
}

static int32_t address_stalls(const struct instruction *one, const struct instruction *before)
{
    int32_t cycles = 0;
    if (before == NULL || one->address_from == 0u) {
        return 0;
    }
    if (is_data_processing(before) && (before->writes & one->address_from) != 0u) {
        cycles += parameters.address_late;
    }
    return cycles + store_stall(one, before);
}

static int32_t fpu_stalls(const struct instruction *one, struct state *state, struct stalls *stalls)
{
    if (!uses_fpu(one)) {
        return 0;
    }
    const int32_t busy = state->fpu_busy;
    stalls->wait = busy;
    stalls->waits_for = state->fpu_kind;
    const bool waits = ((one->fp_reads & ~one->fp_addend) & state->fp_fresh) != 0u;
    state->fpu_busy = 0;
    return busy + (waits ? parameters.fp_result : 0);
}

static bool accesses(const struct instruction *one)
{
    return is_load(one) || is_store(one) || is_multiple(one);
}

/* A store holds the fetch up, and instructions behind it that all straddle two words outpace it once. */
static int32_t fetch_stall(const struct instruction *one, struct state *state)
{
    const bool halfway = one->size == 4u && one->address % 4u != 0u;
    const bool outpaced = halfway && state->outpaces == 1;
    state->outpaces = halfway && state->outpaces > 0 ? state->outpaces - 1 : 0;
    if (is_store(one) && state->outpaces == 0) {
        state->outpaces = parameters.wide_run_length;
    }
    return outpaced ? parameters.wide_run : 0;
}

static int32_t line_stall(const struct instruction *one, const struct instruction *before)
{
    const uint32_t line = (uint32_t)parameters.flash_line;
    if (parameters.wait_states == 0 || before == NULL) {
        return 0;
    }
    const uint32_t first = (before->address + before->size - 1u) / line;
    const uint32_t last = (one->address + one->size - 1u) / line;
    return parameters.wait_states * ((int32_t)(last - first) + (one->literal ? 1 : 0));
}

static int32_t step(const struct instruction *one, struct state *state, const struct assumption *assumed,
                    struct stalls *stalls)
{
    int32_t cycles = 1;
    *stalls = (struct stalls){0};
    if (!one->is_conditional || !(accesses(one) || assumed->skips)) {
        cycles = address_stalls(one, state->before) + fpu_stalls(one, state, stalls);
        cycles += own_cost(one, state, assumed);
    }
    stalls->fetch = fetch_stall(one, state) + line_stall(one, state->before);
    cycles += stalls->fetch;
    if (!uses_fpu(one)) {
        state->fpu_busy = state->fpu_busy > cycles ? state->fpu_busy - cycles : 0;
    }
    state->fp_fresh = one->fp_late ? one->fp_writes : 0u;
    state->before = one;
    return cycles;
}

/* Returns the cycles that the FPU still works at the end. */
static int32_t pass(const struct run *after, const struct run *run, const struct assumption *assumed, struct cost *costs,
                    size_t offset)
{
    struct state state = {0};
    struct stalls stalls;
    for (size_t i = 0; after != NULL && i < after->count; i++) {
        (void)step(&after->instructions[i], &state, assumed, &stalls);
    }
    state.fpu_busy = 0; /* what is left of it is waited for when it is known where the program goes on */
    for (size_t i = 0; i < run->count; i++) {
        int32_t *const cycles = (int32_t *)(void *)((char *)&costs[i].cycles + offset);
        int32_t *const wait = (int32_t *)(void *)((char *)&costs[i].wait + offset);
        *cycles = step(&run->instructions[i], &state, assumed, &stalls);
        *wait = stalls.wait;
        costs[i].fetch = stalls.fetch;
        costs[i].waits_for = stalls.waits_for;
    }
    return state.fpu_busy;
}

int32_t cost_of_run(const struct run *after, const struct run *run, struct cost *costs)
{
    const struct assumption low = {parameters.divide_low, true, true};
    const struct assumption nominal = {parameters.divide, true, false};
    const struct assumption high = {parameters.divide_high, false, false};
    (void)pass(after, run, &low, costs, offsetof(struct cycles, low));
    (void)pass(after, run, &high, costs, offsetof(struct cycles, high));
    return pass(after, run, &nominal, costs, offsetof(struct cycles, nominal));
}

int32_t cost_of_leaving(const struct instruction *last)
{
    if (last->kind == KIND_TABLE_BRANCH) {
        return parameters.refill_table;
    }
    if (last->loads_pc) {
        return parameters.refill_load;
    }
    switch (last->flow) {
    case FLOW_JUMP:
    case FLOW_CALL:
        return parameters.refill;
    case FLOW_NEXT:
        return 0; /* an exception; its entry costs of its own */
    default:
        return parameters.refill_register;
    }
}

int32_t cost_of_entering(const struct instruction *first)
{
    const int32_t halfway = first->size == 4u && first->address % 4u != 0u ? parameters.target_halfway : 0;
    return halfway + parameters.wait_states;
}

int32_t cost_of_conditional_access(const struct instruction *one, const struct instruction *before)
{
    if (!one->is_conditional || !accesses(one)) {
        return 0;
    }
    if (is_multiple(one)) {
        return 1; /* 1 + N when executed, 1 when skipped; an address that comes late is not seen */
    }
    const struct assumption plain = {0};
    struct state state = {.before = before};
    return address_stalls(one, before) + own_cost(one, &state, &plain) - 1;
}
