/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "block.h"

#include <stdlib.h>
#include <string.h>

#define BUCKETS 16384u

static struct block *buckets[BUCKETS];
static struct block *starts[BUCKETS]; /* by address */
static struct block *ends[BUCKETS];   /* by the address after */

/* IT blocks that a translation cut in two: the state that the second half begins with, by address. */
static struct {
    uint32_t address;
    uint8_t state;
} cut[256];

static uint32_t cut_at(uint32_t address)
{
    return address * 2654435761u >> 24; /* most lie at the end of a page */
}

static uint8_t it_state_at(uint32_t address)
{
    return cut[cut_at(address)].address == address ? cut[cut_at(address)].state : 0;
}

static void keep_it_state(uint32_t address, uint8_t state)
{
    if (state != 0u || it_state_at(address) != 0u) {
        cut[cut_at(address)].address = address;
        cut[cut_at(address)].state = state;
    }
}

void block_forget_all(void)
{
    memset(buckets, 0, sizeof buckets);
    memset(starts, 0, sizeof starts);
    memset(ends, 0, sizeof ends);
    memset(cut, 0, sizeof cut);
}

static uint64_t hash_of(uint32_t address, const uint16_t (*halfwords)[2], size_t count, uint8_t it_state)
{
    uint64_t hash = 0xCBF29CE484222325u ^ address ^ (uint64_t)it_state << 32;
    for (size_t i = 0; i < count; i++) {
        hash = (hash ^ halfwords[i][0]) * 0x100000001B3u;
        hash = (hash ^ (is_wide(halfwords[i][0]) ? halfwords[i][1] : 0x10000u)) * 0x100000001B3u;
    }
    return hash;
}

static void decode_all(struct block *block, const uint16_t (*halfwords)[2], size_t count, uint8_t it_state)
{
    uint32_t address = block->address;
    for (size_t i = 0; i < count; i++) {
        struct instruction *const one = &block->instructions[i];
        decode(one, address, halfwords[i][0], halfwords[i][1]);
        one->is_conditional = it_state != 0u;
        one->condition = it_state >> 4 & 15u;
        it_state = it_state != 0u ? it_advance(it_state) : it_begins(halfwords[i][0]);
        address += one->size;
        if (one->kind == KIND_UNKNOWN && block->unknown++ == 0u) {
            block->unknown_address = one->address;
            block->unknown_opcode =
                one->size == 4u ? (uint32_t)halfwords[i][0] << 16 | halfwords[i][1] : halfwords[i][0];
        }
    }
    block->end = address;
    keep_it_state(address, it_state);
}

/* Registers that hold what was made of SP, among them SP after its own. */
static uint32_t derived_after(const struct instruction *one, uint32_t derived)
{
    const bool derives = (one->kind == KIND_ALU || one->kind == KIND_SYSTEM) && (one->reads & derived) != 0u;
    return derives ? derived | one->writes : derived & ~(uint32_t)one->writes;
}

static void follow_sp(struct block *block, size_t count)
{
    uint32_t derived = 1u << REGISTER_SP;
    for (size_t i = 0; i < count; i++) {
        const struct instruction *const one = &block->instructions[i];
        const bool may_skip = one->is_conditional && one->sp_change != 0 && i + 1u != count;
        block->lines[i].sp_before = block->sp_change;
        block->lines[i].by_sp = one->base < 16u && (derived & 1u << one->base) != 0u;
        block->sp_change += may_skip ? 0 : one->sp_change;
        if (block->sp_change < block->sp_lowest && !block->sp_lost) {
            block->sp_lowest = block->sp_change;
        }
        block->sp_dynamic |= block->sp_lost && one->sp_change < 0;
        if (one->sp_unknown || may_skip) {
            block->lines[i].loses_sp = true;
            block->lines[i].derives_sp = block->sp_derived = may_skip || (one->reads & derived) != 0u;
            block->sp_lost_from = block->sp_lost ? block->sp_lost_from : (int32_t)i;
            block->sp_lost_to = (int32_t)i;
            block->sp_lost = true;
            block->sp_switches |= one->kind == KIND_SYSTEM;
            block->sp_dynamic |= one->kind == KIND_ALU && (one->reads & 1u << REGISTER_SP) != 0u;
        }
        derived = derived_after(one, derived) | 1u << REGISTER_SP;
        block->uses_fpu |= one->kind >= KIND_FP;
        if (one->kind == KIND_FP_MAC || one->kind == KIND_FP_DIVIDE) {
            block->fpu_kind = one->kind;
        }
    }
}

/* Loads whose bases differ by known numbers share one callback, that of the first. */
static void group_alignments(struct block *block, size_t count)
{
    size_t first[16];
    int shift[16]; /* of the base since that first access */
    unsigned grouped = 0;
    for (size_t i = 0; i < count; i++) {
        const struct instruction *const one = &block->instructions[i];
        const unsigned base = one->base;
        const bool asks = one->kind == KIND_LOAD && !one->ignores_alignment && base < REGISTER_SP;
        if (asks && one->access == 4u && (grouped & 1u << base) != 0u && !one->register_offset &&
            !one->is_conditional && (one->offset + shift[base]) % 2 == 0) {
            struct alignment *const group = &block->alignments[first[base]];
            *((one->offset + shift[base]) % 4 == 0 ? &group->words : &group->words_halfway) += 1;
        } else if (asks && one->access == 2u && (grouped & 1u << base) != 0u && !one->register_offset &&
                   !one->is_conditional && (one->offset + shift[base]) % 2 == 0) {
            block->alignments[first[base]].halves++;
        } else if (asks) {
            *(one->access == 4u ? &block->alignments[i].words : &block->alignments[i].halves) = 1;
            if (!one->register_offset && !one->is_conditional) {
                first[base] = i;
                shift[base] = -one->offset;
                grouped |= 1u << base;
            }
        }
        if (one->writeback && base < 16u && (grouped & 1u << base) != 0u) {
            shift[base] += one->base_change;
            grouped &= ~(one->writes & ~(1u << base));
        } else {
            grouped &= ~(unsigned)one->writes;
        }
    }
}

static bool line_before_fpu(const struct block *block, size_t index)
{
    return block->instructions[index].kind < KIND_FP && block->fpu_lead < 64;
}

static void price(struct block *block, size_t count, struct cost *costs)
{
    const struct run run = {block->instructions, count};
    block->fpu_busy = (int16_t)cost_of_run(NULL, &run, costs);
    for (size_t i = 0; i < count; i++) {
        struct line *const line = &block->lines[i];
        line->cost = costs[i];
        line->address = block->instructions[i].address;
        line->kind = block->instructions[i].kind;
        block->cycles.low += costs[i].cycles.low;
        block->cycles.nominal += costs[i].cycles.nominal;
        block->cycles.high += costs[i].cycles.high;
    }
    for (size_t i = 0; i < count && line_before_fpu(block, i); i++) {
        block->fpu_lead = (int16_t)(block->fpu_lead + costs[i].cycles.nominal);
    }
    block->count = (int32_t)count;
    block->nominal = block->cycles.nominal;
    block->leaving = (int16_t)cost_of_leaving(&block->instructions[count - 1u]);
    block->entering = (int16_t)cost_of_entering(&block->instructions[0]);
}

/* What it costs more to come from the end of ``before`` than by a branch. The first such block that is made
 * stands for all: they end with the same instructions, and a price that has been counted must not change. */
static void price_after(const struct block *before, struct block *block)
{
    if (block->has_neighbour) {
        return;
    }
    block->has_neighbour = true;
    const size_t count = (size_t)block->count;
    const struct run after = {before->instructions, (size_t)before->count}, run = {block->instructions, count};
    struct cost *const costs = calloc(count, sizeof *costs);
    if (costs == NULL) {
        abort(); /* a figure by other rules would be wrong */
    }
    (void)cost_of_run(&after, &run, costs);
    struct cost more = {.cycles = {-block->cycles.low, -block->cycles.nominal, -block->cycles.high}};
    for (size_t i = 0; i < count; i++) {
        more.cycles.low += costs[i].cycles.low;
        more.cycles.nominal += costs[i].cycles.nominal;
        more.cycles.high += costs[i].cycles.high;
        more.fetch += costs[i].fetch - block->lines[i].cost.fetch;
    }
    free(costs);
    block->follow = more;
    block->following = (int16_t)more.cycles.nominal;
}

/* Blocks that stand side by side, whichever was made first. */
static void link_neighbours(struct block *block)
{
    struct block **const start = &starts[block->address / 2u % BUCKETS];
    for (const struct block *one = ends[block->address / 2u % BUCKETS]; one != NULL; one = one->next_end) {
        if (one->falls_to == block->address) {
            price_after(one, block);
        }
    }
    block->next_start = *start;
    *start = block;
    if (block->falls_to == NOWHERE) {
        return;
    }
    struct block **const end = &ends[block->falls_to / 2u % BUCKETS];
    block->next_end = *end;
    *end = block;
    for (struct block *one = starts[block->falls_to / 2u % BUCKETS]; one != NULL; one = one->next_start) {
        if (one->address == block->falls_to) {
            price_after(block, one);
        }
    }
}

/* B<cond>, CBZ and CBNZ read what they decide by; what stands in an IT block may be skipped. */
static bool always_leaves(const struct instruction *last)
{
    return last->flow != FLOW_NEXT && !last->is_conditional && !last->decides;
}

static struct block *make(uint32_t address, const uint16_t (*halfwords)[2], size_t count, uint8_t it_state)
{
    const size_t cache_line = 64;
    struct block *const block = aligned_alloc(cache_line, (sizeof *block + cache_line - 1u) / cache_line * cache_line);
    struct cost *const costs = calloc(count, sizeof *costs);
    if (block != NULL) {
        memset(block, 0, sizeof *block);
        block->lines = calloc(count, sizeof *block->lines);
        block->instructions = calloc(count, sizeof *block->instructions);
        block->alignments = calloc(count, sizeof *block->alignments);
    }
    if (block == NULL || costs == NULL || block->lines == NULL || block->instructions == NULL ||
        block->alignments == NULL) {
        free(costs);
        if (block != NULL) {
            free(block->lines);
            free(block->instructions);
            free(block->alignments);
        }
        free(block);
        return NULL;
    }
    block->address = address;
    block->function = -1;
    block->is_special = true;
    decode_all(block, halfwords, count, it_state);
    follow_sp(block, count);
    group_alignments(block, count);
    price(block, count, costs);
    const struct instruction *const last = &block->instructions[count - 1u];
    block->flow = last->flow;
    block->target = last->target;
    block->skippable = last->is_conditional;
    block->falls_to = always_leaves(last) ? NOWHERE : block->end;
    block->turns_itself = block->flow > FLOW_JUMP || block->sp_lost || block->sp_change != 0 || block->fpu_busy != 0;
    block->turns = block->turns_itself;
    link_neighbours(block);
    free(costs);
    return block;
}

struct block *block_of(uint32_t address, const uint16_t (*halfwords)[2], size_t count)
{
    const uint8_t it_state = it_state_at(address);
    const uint64_t hash = hash_of(address, halfwords, count, it_state);
    struct block **const bucket = &buckets[hash % BUCKETS];
    for (struct block *known = *bucket; known != NULL; known = known->next) {
        if (known->hash == hash && known->address == address && (size_t)known->count == count) {
            return known;
        }
    }
    struct block *const block = make(address, halfwords, count, it_state);
    if (block != NULL) {
        block->hash = hash;
        block->next = *bucket;
        *bucket = block;
    }
    return block;
}
