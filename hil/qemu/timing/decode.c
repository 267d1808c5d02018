/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Encodings: ARMv7-M Architecture Reference Manual (DDI 0403), chapter A5. */
#include "decode_parts.h"

#include <string.h>

const char *const kind_names[KIND_COUNT] = {
    [KIND_UNKNOWN] = "unknown",
    [KIND_ALU] = "alu",
    [KIND_MULTIPLY] = "multiply",
    [KIND_DIVIDE] = "divide",
    [KIND_LOAD] = "load",
    [KIND_STORE] = "store",
    [KIND_LOAD_MULTIPLE] = "load multiple",
    [KIND_STORE_MULTIPLE] = "store multiple",
    [KIND_BRANCH] = "branch",
    [KIND_CALL] = "call",
    [KIND_TABLE_BRANCH] = "table branch",
    [KIND_IT] = "it",
    [KIND_NOP] = "nop",
    [KIND_SYSTEM] = "system",
    [KIND_FP] = "fp",
    [KIND_FP_MAC] = "fp multiply-accumulate",
    [KIND_FP_DIVIDE] = "fp divide",
    [KIND_FP_MOVE] = "fp move",
    [KIND_FP_LOAD] = "fp load",
    [KIND_FP_STORE] = "fp store",
    [KIND_FP_LOAD_MULTIPLE] = "fp load multiple",
    [KIND_FP_STORE_MULTIPLE] = "fp store multiple",
};

int is_wide(uint16_t first)
{
    return first >= 0xE800u;
}

uint8_t it_begins(uint16_t first)
{
    return (first & 0xFF00u) == 0xBF00u && (first & 0xFu) != 0u ? (uint8_t)first : 0;
}

uint8_t it_advance(uint8_t state)
{
    return (state & 7u) == 0u ? 0 : (uint8_t)((state & 0xE0u) | ((unsigned)(state << 1) & 0x1Fu));
}

void decoded_alu(struct instruction *to, unsigned rd, unsigned reads)
{
    to->kind = KIND_ALU;
    to->reads = (uint16_t)reads;
    to->writes = rd == 16u ? 0 : bit(rd); /* 16: only flags */
    if (rd == REGISTER_SP) {
        to->sp_unknown = 1;
    }
    if (rd == REGISTER_PC) {
        to->kind = KIND_BRANCH;
        to->flow = reads == bit(REGISTER_LR) ? FLOW_RETURN : FLOW_REGISTER;
    }
}

void decoded_sp_moves(struct instruction *to, int32_t bytes)
{
    to->sp_unknown = 0;
    to->sp_change = bytes;
}

void decoded_jump(struct instruction *to, uint32_t target)
{
    to->kind = KIND_BRANCH;
    to->flow = FLOW_JUMP;
    to->target = target;
}

void decoded_single(struct instruction *to, int load, unsigned rt, unsigned rn, unsigned offset, unsigned bytes)
{
    to->kind = load ? KIND_LOAD : KIND_STORE;
    to->base = (uint8_t)rn;
    to->access = (uint8_t)bytes;
    to->transfers = 1;
    to->ignores_alignment = bytes == 1u;
    to->register_offset = offset < 16u;
    to->literal = rn == REGISTER_PC;
    to->address_from = (uint16_t)(bit(rn) | (offset < 16u ? bit(offset) : 0u));
    to->reads = (uint16_t)(to->address_from | (load ? 0u : bit(rt)));
    to->writes = load ? bit(rt) : 0;
    if (load && rt == REGISTER_PC) {
        to->loads_pc = 1;
        to->flow = rn == REGISTER_SP ? FLOW_RETURN : FLOW_REGISTER;
    }
    if (load && rt == REGISTER_SP) {
        to->sp_unknown = 1;
    }
}

void decoded_writes_back(struct instruction *to, int32_t bytes)
{
    to->writeback = 1;
    to->base_change = (int16_t)bytes;
    to->writes = (uint16_t)(to->writes | bit(to->base));
    if (to->base == REGISTER_SP) {
        decoded_sp_moves(to, bytes);
    }
}

void decoded_multiple(struct instruction *to, int load, unsigned rn, unsigned list, int increment, int writeback)
{
    to->kind = load ? KIND_LOAD_MULTIPLE : KIND_STORE_MULTIPLE;
    to->base = (uint8_t)rn;
    to->access = 4;
    to->transfers = (uint8_t)count_ones(list);
    to->ignores_alignment = 1;
    to->address_from = bit(rn);
    to->reads = (uint16_t)(bit(rn) | (load ? 0u : list));
    to->writes = (uint16_t)(load ? list : 0u);
    if (load && (list & bit(REGISTER_PC)) != 0u) {
        to->loads_pc = 1;
        to->flow = rn == REGISTER_SP ? FLOW_RETURN : FLOW_REGISTER;
    }
    if (writeback) {
        const int32_t bytes = 4 * (int32_t)to->transfers;
        decoded_writes_back(to, increment ? bytes : -bytes);
    }
}

void decode(struct instruction *to, uint32_t address, uint16_t first, uint16_t second)
{
    memset(to, 0, sizeof *to);
    to->address = address;
    to->size = is_wide(first) ? 4 : 2;
    to->mark = MARK_NONE;
    if (is_wide(first)) {
        decode_32(to, first, second);
    } else {
        decode_16(to, first);
    }
    if (to->kind == KIND_UNKNOWN) {
        const uint8_t size = to->size;
        memset(to, 0, sizeof *to);
        to->address = address;
        to->size = size;
        to->mark = MARK_NONE;
    }
}
