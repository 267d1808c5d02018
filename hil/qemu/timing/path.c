/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "path.h"

#include "execution.h"
#include "profile.h"
#include "qemu_api.h"

static uint64_t cycles_so_far(void)
{
    const uint64_t *const conditional = api_counters();
    uint64_t cycles = execution.cycles + execution.unaligned + execution.exception_cycles;
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        cycles += conditional[kind] + execution.fpu_wait[kind];
    }
    return cycles;
}

void path_settle(void)
{
    const uint64_t cycles = cycles_so_far();
    struct node *const node = profile_node(execution.node);
    node->cycles += cycles - execution.cycles_before;
    node->instructions += execution.instructions - execution.instructions_before;
    execution.cycles_before = cycles;
    execution.instructions_before = execution.instructions;
}

int32_t path_child(int32_t node, int32_t function)
{
    return execution.elsewhere ? PROFILE_ELSEWHERE : profile_child(node, function);
}

void path_go_to(int32_t node, int32_t function)
{
    path_settle();
    execution.node = node;
    execution.function = function;
}

void path_go_back_to(const struct frame *frame, int32_t function)
{
    if (frame->region == execution.region && frame->node != PROFILE_ROOT) {
        path_go_to(frame->node, profile_node(frame->node)->function);
    } else {
        path_go_to(path_child(PROFILE_ROOT, function), function);
    }
}
