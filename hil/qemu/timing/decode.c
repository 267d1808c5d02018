/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Encodings: ARMv7-M Architecture Reference Manual (DDI 0403), chapter A5; A6.3 for those of the FPU. */
#include "decode.h"

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

static uint16_t bit(unsigned number)
{
    return (uint16_t)(1u << number);
}

static unsigned field(unsigned word, unsigned low, unsigned width)
{
    return (word >> low) & ((1u << width) - 1u);
}

static unsigned count_ones(unsigned word)
{
    return (unsigned)__builtin_popcount(word);
}

static int32_t sign_extend(uint32_t value, unsigned bits)
{
    const uint32_t sign = 1u << (bits - 1u);
    return (int32_t)((value ^ sign) - sign);
}

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

/* An instruction that computes ``rd`` from the registers of ``reads``. */
static void alu(struct instruction *to, unsigned rd, unsigned reads)
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

/* SP moves by a number that the opcode holds: no longer unknown. */
static void sp_moves(struct instruction *to, int32_t bytes)
{
    to->sp_unknown = 0;
    to->sp_change = bytes;
}

static void jump(struct instruction *to, uint32_t target)
{
    to->kind = KIND_BRANCH;
    to->flow = FLOW_JUMP;
    to->target = target;
}

/* A load or store of one register, its base and offset registers given. */
static void single(struct instruction *to, int load, unsigned rt, unsigned rn, unsigned offset, unsigned bytes)
{ /* ``offset`` is a register's number, 16 for none */
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

static void writes_back(struct instruction *to, int32_t bytes)
{
    to->writeback = 1;
    to->base_change = (int16_t)bytes;
    to->writes = (uint16_t)(to->writes | bit(to->base));
    if (to->base == REGISTER_SP) {
        sp_moves(to, bytes);
    }
}

static void multiple(struct instruction *to, int load, unsigned rn, unsigned list, int increment, int writeback)
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
        writes_back(to, increment ? bytes : -bytes);
    }
}

static void data_processing_16(struct instruction *to, uint16_t h)
{
    const unsigned rd = h & 7u, rm = field(h, 3, 3);
    switch (field(h, 6, 4)) {
    case 8:  /* TST */
    case 10: /* CMP */
    case 11: /* CMN */
        alu(to, 16, (unsigned)bit(rd) | bit(rm));
        break;
    case 9:  /* RSB */
    case 15: /* MVN */
        alu(to, rd, bit(rm));
        break;
    case 13: /* MUL */
        alu(to, rd, (unsigned)bit(rd) | bit(rm));
        to->kind = KIND_MULTIPLY;
        break;
    default:
        alu(to, rd, (unsigned)bit(rd) | bit(rm));
    }
}

static void special_16(struct instruction *to, uint16_t h)
{
    const unsigned rd = (h & 7u) | field(h, 7, 1) << 3, rm = field(h, 3, 4);
    switch (field(h, 8, 2)) {
    case 0: /* ADD */
        alu(to, rd, (unsigned)bit(rd) | bit(rm));
        break;
    case 1: /* CMP */
        alu(to, 16, (unsigned)bit(rd) | bit(rm));
        break;
    case 2: /* MOV */
        alu(to, rd, bit(rm));
        break;
    default:
        if ((h & 7u) != 0u) {
            return; /* unpredictable */
        }
        to->reads = bit(rm);
        to->kind = KIND_BRANCH;
        to->flow = rm == REGISTER_LR ? FLOW_RETURN : FLOW_REGISTER;
        if (field(h, 7, 1) != 0u) {
            to->kind = KIND_CALL;
            to->flow = FLOW_CALL_REGISTER;
            to->writes = bit(REGISTER_LR);
        }
    }
}

static void misc_16(struct instruction *to, uint16_t h)
{
    if ((h & 0xFF00u) == 0xB000u) { /* ADD, SUB sp */
        const int32_t bytes = (int32_t)field(h, 0, 7) * 4;
        alu(to, REGISTER_SP, bit(REGISTER_SP));
        sp_moves(to, (h & 0x80u) != 0u ? -bytes : bytes);
    } else if ((h & 0xF500u) == 0xB100u) { /* CBZ, CBNZ */
        jump(to, to->address + 4u + (field(h, 9, 1) << 6 | field(h, 3, 5) << 1));
        to->decides = 1;
        to->reads = bit(h & 7u);
    } else if ((h & 0xFF00u) == 0xB200u) { /* SXTH, SXTB, UXTH, UXTB */
        alu(to, h & 7u, bit(field(h, 3, 3)));
    } else if ((h & 0xFE00u) == 0xB400u) { /* PUSH */
        multiple(to, 0, REGISTER_SP, (h & 0xFFu) | field(h, 8, 1) << REGISTER_LR, 0, 1);
    } else if ((h & 0xFE00u) == 0xBC00u) { /* POP */
        multiple(to, 1, REGISTER_SP, (h & 0xFFu) | field(h, 8, 1) << REGISTER_PC, 1, 1);
    } else if ((h & 0xFFECu) == 0xB660u) { /* CPS */
        to->kind = KIND_SYSTEM;
    } else if ((h & 0xFF00u) == 0xBA00u && field(h, 6, 2) != 2u) { /* REV, REV16, REVSH */
        alu(to, h & 7u, bit(field(h, 3, 3)));
    } else if ((h & 0xFF00u) == 0xBE00u) { /* BKPT */
        to->kind = KIND_SYSTEM;
    } else if ((h & 0xFF00u) == 0xBF00u) { /* IT, or a hint: NOP, YIELD, WFE, WFI, SEV */
        to->kind = (h & 0xFu) != 0u ? KIND_IT : (h & 0xF0u) != 0u ? KIND_SYSTEM : KIND_NOP;
    }
}

static void decode_16(struct instruction *to, uint16_t h)
{
    static const struct {
        uint8_t load, bytes;
    } by_register[8] = {{0, 4}, {0, 2}, {0, 1}, {1, 1}, {1, 4}, {1, 2}, {1, 1}, {1, 2}};
    const unsigned low = h & 7u, middle = field(h, 3, 3), high = field(h, 8, 3);
    switch (h >> 11) {
    case 0: /* LSL, LSR, ASR by a number */
    case 1:
    case 2:
        alu(to, low, bit(middle));
        break;
    case 3: /* ADD, SUB of three registers or a small number */
        alu(to, low, (unsigned)bit(middle) | (field(h, 10, 1) != 0u ? 0u : bit(field(h, 6, 3))));
        break;
    case 4: /* MOV of a number */
        alu(to, high, 0);
        break;
    case 5: /* CMP with a number */
        alu(to, 16, bit(high));
        break;
    case 6: /* ADD, SUB of a number */
    case 7:
        alu(to, high, bit(high));
        break;
    case 8:
        if ((h & 0x0400u) != 0u) {
            special_16(to, h);
        } else {
            data_processing_16(to, h);
        }
        break;
    case 9: /* LDR from the literal pool */
        single(to, 1, high, REGISTER_PC, 16, 4);
        break;
    case 10:
    case 11:
        single(to, by_register[field(h, 9, 3)].load, low, middle, field(h, 6, 3), by_register[field(h, 9, 3)].bytes);
        break;
    case 12: /* STR, LDR */
    case 13:
        single(to, (h & 0x0800u) != 0u, low, middle, 16, 4);
        to->offset = (int16_t)(field(h, 6, 5) * 4u);
        break;
    case 14: /* STRB, LDRB */
    case 15:
        single(to, (h & 0x0800u) != 0u, low, middle, 16, 1);
        break;
    case 16: /* STRH, LDRH */
    case 17:
        single(to, (h & 0x0800u) != 0u, low, middle, 16, 2);
        to->offset = (int16_t)(field(h, 6, 5) * 2u);
        break;
    case 18: /* STR, LDR relative to sp */
    case 19:
        single(to, (h & 0x0800u) != 0u, high, REGISTER_SP, 16, 4);
        to->offset = (int16_t)(field(h, 0, 8) * 4u);
        break;
    case 20: /* ADR */
        alu(to, high, 0);
        break;
    case 21: /* ADD to sp */
        alu(to, high, bit(REGISTER_SP));
        break;
    case 22:
    case 23:
        misc_16(to, h);
        break;
    case 24: /* STM, LDM */
    case 25:
        if ((h & 0xFFu) != 0u) {
            const int load = (h & 0x0800u) != 0u;
            multiple(to, load, high, h & 0xFFu, 1, !load || (h & 1u << high) == 0u);
        }
        break;
    case 26: /* B on a condition, SVC */
    case 27:
        if (field(h, 8, 4) == 15u) {
            to->kind = KIND_SYSTEM;
        } else if (field(h, 8, 4) != 14u) {
            jump(to, to->address + 4u + (uint32_t)(sign_extend(h & 0xFFu, 8) * 2));
            to->decides = 1;
        }
        break;
    default: /* B */
        jump(to, to->address + 4u + (uint32_t)(sign_extend(h & 0x7FFu, 11) * 2));
    }
}

/* The number that a modified immediate constant stands for (A5.3.2). */
static uint32_t expanded(unsigned first, unsigned second)
{
    const unsigned imm12 = field(first, 10, 1) << 11 | field(second, 12, 3) << 8 | (second & 0xFFu);
    const uint32_t imm8 = imm12 & 0xFFu;
    switch (imm12 >> 8) {
    case 0:
        return imm8;
    case 1:
        return imm8 << 16 | imm8;
    case 2:
        return imm8 << 24 | imm8 << 8;
    case 3:
        return imm8 << 24 | imm8 << 16 | imm8 << 8 | imm8;
    default: {
        const uint32_t value = 0x80u | (imm12 & 0x7Fu);
        const unsigned turn = imm12 >> 7;
        return value >> turn | value << (32u - turn);
    }
    }
}

/* AND to RSB; ``operand`` holds the registers of the second operand, ``is_immediate`` its absence. */
static void data_processing(struct instruction *to, unsigned operation, unsigned first, unsigned rd, unsigned operand)
{
    const unsigned rn = first & 15u, sets_flags = field(first, 4, 1);
    const int compares = rd == 15u && sets_flags != 0u; /* TST, TEQ, CMN, CMP */
    switch (operation) {
    case 0:
    case 4:
    case 8:
    case 13:
        alu(to, compares ? 16 : rd, bit(rn) | operand);
        break;
    case 2: /* ORR, or MOV */
    case 3: /* ORN, or MVN */
        alu(to, rd, (rn == 15u ? 0u : bit(rn)) | operand);
        break;
    case 1:
    case 6: /* PKH */
    case 10:
    case 11:
    case 14:
        alu(to, rd, bit(rn) | operand);
        break;
    default:
        return;
    }
    if (to->kind == KIND_BRANCH) { /* pc is no destination here */
        to->kind = KIND_UNKNOWN;
        to->flow = FLOW_NEXT;
    }
}

static void modified_immediate(struct instruction *to, uint16_t first, uint16_t second)
{
    const unsigned operation = field(first, 5, 4), rd = field(second, 8, 4), rn = first & 15u;
    if (operation == 6u) {
        return;
    }
    data_processing(to, operation, first, rd, 0);
    if (rd == REGISTER_SP && rn == REGISTER_SP && (operation == 8u || operation == 13u)) {
        const uint32_t bytes = expanded(first, second);
        sp_moves(to, (int32_t)(operation == 8u ? bytes : 0u - bytes));
    }
}

static void plain_immediate(struct instruction *to, uint16_t first, uint16_t second)
{
    const unsigned rn = first & 15u, rd = field(second, 8, 4);
    const int32_t imm12 = (int32_t)(field(first, 10, 1) << 11 | field(second, 12, 3) << 8 | (second & 0xFFu));
    switch (field(first, 4, 5)) {
    case 0:  /* ADDW, ADR */
    case 10: /* SUBW, ADR */
        alu(to, rd, rn == REGISTER_PC ? 0u : bit(rn));
        if (rd == REGISTER_SP && rn == REGISTER_SP) {
            sp_moves(to, field(first, 4, 5) == 0u ? imm12 : -imm12);
        }
        break;
    case 4: /* MOVW */
        alu(to, rd, 0);
        break;
    case 12: /* MOVT */
        alu(to, rd, bit(rd));
        break;
    case 22: /* BFI, BFC */
        alu(to, rd, (unsigned)bit(rd) | (rn == 15u ? 0u : bit(rn)));
        break;
    case 16: /* SSAT */
    case 18: /* SSAT, SSAT16 */
    case 20: /* SBFX */
    case 24: /* USAT */
    case 26: /* USAT, USAT16 */
    case 28: /* UBFX */
        alu(to, rd, bit(rn));
        break;
    default:
        break;
    }
}

static void hint_or_cps(struct instruction *to, uint16_t second)
{
    to->kind = KIND_SYSTEM;
    if ((second & 0x0700u) == 0u) {
        to->kind = (second & 0xFFu) == 0u ? KIND_NOP : KIND_SYSTEM;
        if ((second & 0xF0u) == 0xF0u) { /* DBG */
            to->kind = KIND_NOP;
            to->mark = (int8_t)(second & 15u);
        }
    }
}

static void branch_or_misc(struct instruction *to, uint16_t first, uint16_t second)
{
    const unsigned operation = field(first, 4, 7);
    const uint32_t s = field(first, 10, 1), j1 = field(second, 13, 1), j2 = field(second, 11, 1);
    if ((second & 0x1000u) != 0u || (second & 0x5000u) == 0x5000u) { /* B, BL: 25 bits */
        if ((second & 0x5000u) == 0x4000u) {
            return; /* BLX to Arm code */
        }
        const uint32_t i1 = 1u ^ j1 ^ s, i2 = 1u ^ j2 ^ s;
        const uint32_t offset = s << 24 | i1 << 23 | i2 << 22 | (uint32_t)(first & 0x3FFu) << 12 | (second & 0x7FFu) << 1;
        jump(to, to->address + 4u + (uint32_t)sign_extend(offset, 25));
        if ((second & 0x4000u) != 0u) {
            to->kind = KIND_CALL;
            to->flow = FLOW_CALL;
            to->writes = bit(REGISTER_LR);
        }
    } else if ((second & 0x5000u) != 0u) {
        return; /* BLX to Arm code */
    } else if ((operation & 0x38u) != 0x38u) { /* B on a condition: 21 bits */
        const uint32_t offset = s << 20 | j2 << 19 | j1 << 18 | (uint32_t)(first & 0x3Fu) << 12 | (second & 0x7FFu) << 1;
        jump(to, to->address + 4u + (uint32_t)sign_extend(offset, 21));
        to->decides = 1;
    } else if (operation == 0x38u) { /* MSR */
        const unsigned special = second & 0xFFu;
        to->kind = KIND_SYSTEM;
        to->reads = bit(first & 15u);
        to->sp_unknown = special == 8u || special == 9u || special == 20u; /* MSP, PSP, CONTROL */
    } else if (operation == 0x3Au) {
        hint_or_cps(to, second);
    } else if (operation == 0x3Bu) { /* CLREX, DSB, DMB, ISB */
        const unsigned which = field(second, 4, 4);
        if (which == 2u || (which >= 4u && which <= 6u)) {
            to->kind = KIND_SYSTEM;
            to->barrier = which == 6u;
        }
    } else if (operation == 0x3Eu) { /* MRS */
        to->kind = KIND_SYSTEM;
        to->writes = bit(field(second, 8, 4));
    }
}

static void multiple_32(struct instruction *to, uint16_t first, uint16_t second)
{
    const unsigned form = field(first, 7, 2);
    if (form != 1u && form != 2u) {
        return;
    }
    multiple(to, (first & 0x10u) != 0u, first & 15u, second & 0xDFFFu, form == 1u, (first & 0x20u) != 0u);
}

static void dual_exclusive_table(struct instruction *to, uint16_t first, uint16_t second)
{
    const unsigned rn = first & 15u, rt = second >> 12, rd = field(second, 8, 4), which = field(second, 4, 4);
    const int load = (first & 0x10u) != 0u;
    if ((first & 0x0120u) != 0u) { /* LDRD, STRD */
        single(to, load, rt, rn, 16, 4);
        to->kind = load ? KIND_LOAD_MULTIPLE : KIND_STORE_MULTIPLE;
        to->flow = FLOW_NEXT;
        to->loads_pc = 0;
        to->transfers = 2;
        to->ignores_alignment = 1;
        to->reads = (uint16_t)(to->reads | (load ? 0u : bit(rd)));
        to->writes = (uint16_t)(to->writes | (load ? bit(rd) : 0u));
        if ((first & 0x20u) != 0u) {
            const int32_t bytes = (int32_t)(second & 0xFFu) * 4;
            writes_back(to, (first & 0x80u) != 0u ? bytes : -bytes);
        }
    } else if ((first & 0x80u) == 0u) { /* LDREX, STREX */
        single(to, load, rt, rn, 16, 4);
        to->ignores_alignment = 1;
        to->like_load = !load;
        to->writes = (uint16_t)(load ? to->writes : bit(rd));
    } else if (load && which <= 1u) { /* TBB, TBH */
        to->kind = KIND_TABLE_BRANCH;
        to->flow = FLOW_REGISTER;
        to->base = (uint8_t)rn;
        to->address_from = to->reads = (uint16_t)(bit(rn) | bit(second & 15u));
    } else if (which == 4u || which == 5u) { /* LDREXB, LDREXH, STREXB, STREXH */
        single(to, load, rt, rn, 16, which == 4u ? 1 : 2);
        to->ignores_alignment = 1;
        to->like_load = !load;
        to->writes = (uint16_t)(load ? to->writes : bit(second & 15u));
    }
}

static void single_32(struct instruction *to, uint16_t first, uint16_t second)
{
    static const uint8_t sizes[4] = {1, 2, 4, 0};
    const unsigned rn = first & 15u, rt = second >> 12, bytes = sizes[field(first, 5, 2)];
    const int load = (first & 0x10u) != 0u, is_signed = (first & 0x100u) != 0u;
    if (bytes == 0u || (bytes == 4u && is_signed) || (!load && (is_signed || rn == REGISTER_PC))) {
        return;
    }
    if (load && rt == REGISTER_PC && bytes != 4u) { /* PLD, PLI and other memory hints */
        to->kind = KIND_NOP;
        return;
    }
    if ((first & 0x80u) != 0u || rn == REGISTER_PC) { /* a 12-bit offset */
        single(to, load, rt, rn, 16, bytes);
        to->offset = (int16_t)(second & 0xFFFu);
        return;
    }
    if ((second & 0x0800u) != 0u) { /* an 8-bit offset, before or after, or unprivileged */
        if ((second & 0x0500u) == 0u) {
            return;
        }
        const int32_t size = (int32_t)(second & 0xFFu), offset = (second & 0x0200u) != 0u ? size : -size;
        single(to, load, rt, rn, 16, bytes);
        to->offset = (int16_t)((second & 0x0400u) != 0u ? offset : 0);
        if ((second & 0x0100u) != 0u) {
            writes_back(to, offset);
        }
        return;
    }
    if ((second & 0x0FC0u) == 0u) {
        single(to, load, rt, rn, second & 15u, bytes);
    }
}

static void data_processing_register(struct instruction *to, uint16_t first, uint16_t second)
{
    const unsigned rn = first & 15u, rd = field(second, 8, 4), rm = second & 15u;
    const unsigned upper = field(first, 4, 4), lower = field(second, 4, 4);
    if ((second & 0xF000u) != 0xF000u) {
        return;
    }
    const int shifts = upper < 8u && lower == 0u;
    const int extends = upper < 6u && (lower & 8u) != 0u;
    const int parallel = upper >= 8u && (lower & 3u) != 3u && lower < 8u && upper != 0xBu && upper != 0xFu;
    if (shifts || parallel) {
        alu(to, rd, (unsigned)bit(rn) | bit(rm));
    } else if (extends) { /* SXTH to UXTAB */
        alu(to, rd, (rn == 15u ? 0u : bit(rn)) | bit(rm));
    } else if (upper >= 8u && upper <= 11u && (lower & 0xCu) == 8u) {
        if (upper >= 10u && lower != 8u) {
            return;
        }
        alu(to, rd, (upper == 9u || upper == 11u ? 0u : bit(rn)) | bit(rm)); /* REV and CLZ read Rm alone */
    }
    to->flow = FLOW_NEXT;
    if (to->kind == KIND_BRANCH) {
        to->kind = KIND_UNKNOWN;
    }
}

static void multiply(struct instruction *to, uint16_t first, uint16_t second)
{
    static const uint8_t last[8] = {1, 3, 1, 1, 1, 1, 1, 0}; /* the largest second opcode of each first */
    const unsigned upper = field(first, 4, 3), lower = field(second, 4, 4), ra = second >> 12;
    if (lower > last[upper]) {
        return;
    }
    alu(to, field(second, 8, 4), (unsigned)bit(first & 15u) | bit(second & 15u) | (ra == 15u ? 0u : bit(ra)));
    to->kind = KIND_MULTIPLY;
    to->flow = FLOW_NEXT;
}

static void long_multiply_divide(struct instruction *to, uint16_t first, uint16_t second)
{
    const unsigned upper = field(first, 4, 3), lower = field(second, 4, 4);
    const unsigned high = field(second, 8, 4), low = second >> 12;
    const unsigned operands = (unsigned)bit(first & 15u) | bit(second & 15u);
    const int divides = (upper == 1u || upper == 3u) && lower == 15u;
    const int plain = (upper == 0u || upper == 2u) && lower == 0u;
    const int accumulates = (upper == 4u && (lower == 0u || (lower >= 8u && lower <= 13u))) ||
                            (upper == 5u && (lower == 12u || lower == 13u)) ||
                            (upper == 6u && (lower == 0u || lower == 6u));
    if (divides) {
        alu(to, high, operands);
        to->kind = KIND_DIVIDE;
    } else if (plain || accumulates) {
        alu(to, high, operands | (accumulates ? (unsigned)bit(high) | bit(low) : 0u));
        to->kind = KIND_MULTIPLY;
        to->writes = (uint16_t)(bit(high) | bit(low));
    }
    to->flow = FLOW_NEXT;
}

static uint32_t s_register(unsigned four, unsigned one)
{
    return 1u << (four << 1 | one);
}

/* A double register, or nothing where the Cortex-M4's bank has none. */
static uint32_t d_register(unsigned four, unsigned one)
{
    return one == 0u ? 3u << (four << 1) : 0u;
}

static void fp_transfer(struct instruction *to, uint16_t first, uint16_t second)
{
    const unsigned rn = first & 15u, imm8 = second & 0xFFu, is_double = field(second, 8, 1);
    const int load = (first & 0x10u) != 0u;
    const unsigned vd = second >> 12, d = field(first, 6, 1);
    const unsigned before = field(first, 8, 1), up = field(first, 7, 1), writeback = field(first, 5, 1);
    const int one = before && !writeback; /* VLDR, VSTR */
    const unsigned words = one ? 1u + is_double : imm8 & ~is_double;
    const unsigned from = is_double ? d << 5 | vd << 1 : vd << 1 | d;
    if (words == 0u || from + words > 32u || (!one && before == up)) {
        return;
    }
    const uint32_t registers = (words == 32u ? ~0u : (1u << words) - 1u) << from;
    single(to, load, 0, rn, 16, 4);
    to->writes = 0;
    to->flow = FLOW_NEXT;
    to->reads = to->address_from;
    to->ignores_alignment = 1;
    to->transfers = (uint8_t)words;
    to->offset = (int16_t)(!one ? 0 : up ? (int)imm8 * 4 : -(int)imm8 * 4);
    if (words == 1u && one) {
        to->kind = load ? KIND_FP_LOAD : KIND_FP_STORE;
    } else {
        to->kind = load ? KIND_FP_LOAD_MULTIPLE : KIND_FP_STORE_MULTIPLE;
    }
    to->fp_reads = load ? 0u : registers;
    to->fp_writes = load ? registers : 0u;
    if (writeback) { /* FLDMX and FSTMX, of an odd number, move the base by a word that they do not transfer */
        const int32_t bytes = 4 * (int32_t)imm8;
        writes_back(to, up ? bytes : -bytes);
    }
}

static void fp_data_processing(struct instruction *to, uint16_t first, uint16_t second)
{
    const uint32_t sd = s_register(second >> 12, field(first, 6, 1));
    const uint32_t sn = s_register(first & 15u, field(second, 7, 1));
    const uint32_t sm = s_register(second & 15u, field(second, 5, 1));
    const unsigned operation = field(first, 7, 1) << 2 | field(first, 4, 2), second_bit = field(second, 6, 1);
    to->kind = KIND_FP;
    to->fp_reads = sn | sm;
    to->fp_writes = sd;
    to->fp_late = 1;
    switch (operation) {
    case 0: /* VMLA, VMLS */
    case 1: /* VNMLA, VNMLS */
    case 5: /* VFNMA, VFNMS */
    case 6: /* VFMA, VFMS */
        to->kind = KIND_FP_MAC;
        to->fp_reads |= sd;
        to->fp_addend = sd;
        return;
    case 2: /* VMUL, VNMUL */
    case 3: /* VADD, VSUB */
        return;
    case 4:
        to->kind = second_bit ? KIND_UNKNOWN : KIND_FP_DIVIDE;
        return;
    default:
        break;
    }
    if (!second_bit) { /* VMOV of a number */
        to->kind = KIND_FP_MOVE;
        to->fp_reads = 0;
        to->fp_late = 0;
        return;
    }
    const unsigned which = first & 15u, upper = field(second, 7, 1);
    to->fp_reads = sm;
    switch (which) {
    case 0: /* VMOV, VABS: no arithmetic, and no later than others */
        to->kind = upper ? KIND_FP : KIND_FP_MOVE;
        to->fp_late = 0;
        break;
    case 1: /* VNEG, VSQRT */
        to->kind = upper ? KIND_FP_DIVIDE : KIND_FP;
        to->fp_late = upper != 0u;
        break;
    case 2: /* VCVTB, VCVTT */
    case 3:
    case 8: /* VCVT */
    case 12:
    case 13:
        break;
    case 10: /* VCVT of fixed point, in place */
    case 11:
    case 14:
    case 15:
        to->fp_reads = sd;
        break;
    case 4: /* VCMP, VCMPE */
    case 5: /* with zero */
        to->fp_reads = which == 4u ? sd | sm : sd;
        to->fp_writes = 0;
        break;
    default:
        to->kind = KIND_UNKNOWN;
    }
}

static void fp_moves(struct instruction *to, uint16_t first, uint16_t second)
{
    const unsigned rt = second >> 12;
    const int to_core = (first & 0x10u) != 0u, is_double = (second & 0x100u) != 0u;
    if ((first & 0xFFE0u) == 0xEC40u && (second & 0x00D0u) == 0x0010u) { /* VMOV of two registers */
        const unsigned vm = second & 15u, m = field(second, 5, 1);
        const uint32_t pair = is_double ? d_register(vm, m) : s_register(vm, m) | s_register(vm, m) << 1;
        const unsigned core = (unsigned)bit(rt) | bit(first & 15u);
        to->kind = pair ? KIND_FP_MOVE : KIND_UNKNOWN;
        to->transfers = 2;
        to->reads = (uint16_t)(to_core ? 0u : core);
        to->writes = (uint16_t)(to_core ? core : 0u);
        to->fp_reads = to_core ? pair : 0u;
        to->fp_writes = to_core ? 0u : pair;
        return;
    }
    if ((first & 0xFF00u) != 0xEE00u) {
        return;
    }
    const unsigned which = field(first, 5, 3);
    uint32_t moved = 0;
    if (!is_double && which == 0u) { /* VMOV of one */
        moved = s_register(first & 15u, field(second, 7, 1));
    } else if (!is_double && which == 7u && (first & 15u) == 1u) { /* VMRS, VMSR */
        moved = 0;
    } else if (is_double && which <= 1u && (second & 0xE0u) == 0u) { /* VMOV of half a double */
        moved = s_register(first & 15u, which);
    } else {
        return;
    }
    to->kind = KIND_FP_MOVE;
    to->transfers = 1;
    to->reads = (uint16_t)(to_core ? 0u : bit(rt));
    to->writes = (uint16_t)(to_core && rt != REGISTER_PC ? bit(rt) : 0u); /* VMRS to the flags */
    to->fp_reads = to_core ? moved : 0u;
    to->fp_writes = to_core ? 0u : moved;
}

static void coprocessor(struct instruction *to, uint16_t first, uint16_t second)
{
    const unsigned number = field(second, 8, 4);
    if ((number & 14u) != 10u || (first & 0x1000u) != 0u) {
        return; /* the Cortex-M4 has no other coprocessor */
    }
    if ((first & 0xFF00u) == 0xEE00u) {
        if ((second & 0x10u) != 0u) {
            fp_moves(to, first, second);
        } else if (number == 10u) {
            fp_data_processing(to, first, second);
        }
    } else if ((first & 0xFE00u) == 0xEC00u) {
        if ((first & 0x01A0u) == 0u) {
            fp_moves(to, first, second);
        } else {
            fp_transfer(to, first, second);
        }
    }
}

static void decode_32(struct instruction *to, uint16_t first, uint16_t second)
{
    const unsigned upper = field(first, 11, 2), operation = field(first, 4, 7);
    if ((operation & 0x40u) != 0u && upper != 2u) {
        coprocessor(to, first, second);
    } else if (upper == 1u) {
        if ((operation & 0x20u) != 0u) {
            const int packs = field(first, 5, 4) == 6u; /* PKH: neither sets flags nor shifts otherwise */
            if ((second & 0x8000u) == 0u && !(packs && ((first | second) & 0x10u) != 0u)) {
                data_processing(to, field(first, 5, 4), first, field(second, 8, 4), bit(second & 15u));
            }
        } else if ((operation & 0x04u) != 0u) {
            dual_exclusive_table(to, first, second);
        } else {
            multiple_32(to, first, second);
        }
    } else if (upper == 2u) {
        if ((second & 0x8000u) != 0u) {
            branch_or_misc(to, first, second);
        } else if ((operation & 0x20u) == 0u) {
            modified_immediate(to, first, second);
        } else {
            plain_immediate(to, first, second);
        }
    } else if ((operation & 0x60u) == 0u) {
        single_32(to, first, second);
    } else if ((operation & 0x70u) == 0x20u) {
        data_processing_register(to, first, second);
    } else if ((operation & 0x78u) == 0x30u) {
        multiply(to, first, second);
    } else {
        long_multiply_divide(to, first, second);
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
