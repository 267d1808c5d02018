/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cost.h"

#include "parameters.h"

#include <stdbool.h>

/* What is assumed where the opcode does not tell. */
struct assumption {
    int32_t divide;
    bool fpu_overlaps;
};

/* What an instruction leaves behind for those after it. */
struct state {
    const struct instruction *before;
    int32_t fpu_busy;      /* cycles that the FPU still works while integer instructions go on */
    uint32_t fp_fresh;     /* results of the instruction before that come a cycle late */
    int halfway;           /* length of the run of 32-bit instructions at halfwords */
    bool halfway_counted;  /* that run has cost its cycle */
};

static bool is_load(const struct instruction *one)
{
    return one->kind == KIND_LOAD || one->kind == KIND_FP_LOAD;
}

static bool is_store(const struct instruction *one)
{
    return one->kind == KIND_STORE || one->kind == KIND_FP_STORE;
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

static bool is_late(const struct instruction *one)
{
    return one->kind == KIND_FP || one->kind == KIND_FP_MAC || one->kind == KIND_FP_DIVIDE;
}

static bool is_data_processing(const struct instruction *one)
{
    return one->kind == KIND_ALU || one->kind == KIND_MULTIPLY || one->kind == KIND_DIVIDE ||
           one->kind == KIND_FP_MOVE || one->kind == KIND_SYSTEM;
}

/* Two accesses overlap when they go to the same memory, the second's address does not wait for the first, and the
 * first does not move a base that both use. */
static bool overlaps(const struct instruction *first, const struct instruction *second)
{
    return is_load(first) && !first->is_conditional && !second->is_conditional &&
           first->literal == second->literal && (first->writes & second->address_from) == 0u && !first->loads_pc;
}

static int32_t cost_of_load(const struct instruction *one, const struct instruction *before)
{
    if (one->is_conditional) {
        return 1;
    }
    if (before != NULL && overlaps(before, one) && !one->loads_pc) {
        return parameters.load_pipelined;
    }
    return parameters.load;
}

static int32_t cost_of_store(const struct instruction *one)
{
    return one->register_offset && !one->is_conditional ? parameters.store_register : parameters.store;
}

static bool hides(const struct instruction *before)
{
    return parameters.nop_hides != 0 && !before->is_conditional &&
           (is_load(before) || (is_store(before) && before->register_offset));
}

static int32_t own_cost(const struct instruction *one, struct state *state, const struct assumption *assumed)
{
    const struct instruction *const before = state->before;
    switch (one->kind) {
    case KIND_IT:
        return parameters.it_folds != 0 && before != NULL && before->size == 2u ? 0 : 1;
    case KIND_NOP:
        return before != NULL && hides(before) ? 0 : 1;
    case KIND_DIVIDE:
        return one->is_conditional && assumed->divide == parameters.divide_low ? 1 : assumed->divide;
    case KIND_LOAD:
    case KIND_FP_LOAD:
        return cost_of_load(one, before);
    case KIND_STORE:
    case KIND_FP_STORE:
        return cost_of_store(one);
    case KIND_LOAD_MULTIPLE:
    case KIND_STORE_MULTIPLE:
    case KIND_FP_LOAD_MULTIPLE:
    case KIND_FP_STORE_MULTIPLE:
        return one->is_conditional ? 1 : parameters.multiple + one->transfers;
    case KIND_TABLE_BRANCH:
        return parameters.load;
    case KIND_FP_MAC:
    case KIND_FP_DIVIDE: {
        const int32_t all = one->kind == KIND_FP_MAC ? parameters.fp_mac : parameters.fp_divide;
        if (!assumed->fpu_overlaps) {
            return all;
        }
        state->fpu_busy = all - 1;
        return 1;
    }
    case KIND_FP_MOVE:
        return one->transfers > 1u ? one->transfers : 1;
    case KIND_SYSTEM:
        return 1 + (one->barrier ? parameters.refill : 0);
    default:
        return 1;
    }
}

static int32_t stalls(const struct instruction *one, struct state *state)
{
    const struct instruction *const before = state->before;
    int32_t cycles = 0;
    if (uses_fpu(one)) {
        cycles += state->fpu_busy;
        state->fpu_busy = 0;
        if (((one->fp_reads & ~one->fp_addend) & state->fp_fresh) != 0u) {
            cycles += parameters.fp_result;
        }
    }
    if (before != NULL && one->address_from != 0u) {
        if (is_data_processing(before) && (before->writes & one->address_from) != 0u) {
            cycles += parameters.address_late;
        }
        const bool reads_memory = is_load(one) || one->kind == KIND_LOAD_MULTIPLE ||
                                  one->kind == KIND_FP_LOAD_MULTIPLE || one->kind == KIND_TABLE_BRANCH;
        if (is_store(before) && reads_memory) {
            cycles += parameters.load_after_store;
        }
    }
    return cycles;
}

/* A run of 32-bit instructions that all straddle two words outpaces the fetch once. */
static int32_t fetch_stall(const struct instruction *one, struct state *state)
{
    if (one->size != 4u || one->address % 4u == 0u) {
        state->halfway = 0;
        state->halfway_counted = false;
        return 0;
    }
    state->halfway++;
    if (state->halfway_counted || state->halfway < parameters.wide_run_length) {
        return 0;
    }
    state->halfway_counted = true;
    return parameters.wide_run;
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

static int32_t step(const struct instruction *one, struct state *state, const struct assumption *assumed, int32_t *fetch)
{
    int32_t cycles = stalls(one, state);
    cycles += own_cost(one, state, assumed);
    *fetch = fetch_stall(one, state) + line_stall(one, state->before);
    cycles += *fetch;
    if (!uses_fpu(one)) {
        state->fpu_busy = state->fpu_busy > cycles ? state->fpu_busy - cycles : 0;
    }
    state->fp_fresh = is_late(one) ? one->fp_writes : 0u;
    state->before = one;
    return cycles;
}

static void pass(const struct instruction *run, size_t count, const struct assumption *assumed, struct cost *costs,
                 size_t offset)
{
    struct state state = {0};
    for (size_t i = 0; i < count; i++) {
        int32_t *const into = (int32_t *)(void *)((char *)&costs[i].cycles + offset);
        *into = step(&run[i], &state, assumed, &costs[i].fetch);
    }
}

void cost_of_run(const struct instruction *run, size_t count, struct cost *costs)
{
    const struct assumption low = {parameters.divide_low, true};
    const struct assumption nominal = {parameters.divide, true};
    const struct assumption high = {parameters.divide_high, false};
    pass(run, count, &low, costs, offsetof(struct cycles, low));
    pass(run, count, &nominal, costs, offsetof(struct cycles, nominal));
    pass(run, count, &high, costs, offsetof(struct cycles, high));
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

int32_t cost_of_conditional_access(const struct instruction *one)
{
    if (!one->is_conditional || is_store(one)) {
        return 0;
    }
    return is_load(one) || is_multiple(one) ? 1 : 0;
}
