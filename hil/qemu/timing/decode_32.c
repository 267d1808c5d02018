/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Encodings: ARMv7-M Architecture Reference Manual (DDI 0403), A5.3. */
#include "decode_parts.h"

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

/* AND to RSB; ``operand`` holds the registers of the second operand. */
static void data_processing(struct instruction *to, unsigned operation, unsigned first, unsigned rd, unsigned operand)
{
    const unsigned rn = first & 15u, sets_flags = field(first, 4, 1);
    const int compares = rd == 15u && sets_flags != 0u; /* TST, TEQ, CMN, CMP */
    switch (operation) {
    case 0:
    case 4:
    case 8:
    case 13:
        decoded_alu(to, compares ? 16 : rd, bit(rn) | operand);
        break;
    case 2: /* ORR, or MOV */
    case 3: /* ORN, or MVN */
        decoded_alu(to, rd, (rn == 15u ? 0u : bit(rn)) | operand);
        break;
    case 1:
    case 6: /* PKH */
    case 10:
    case 11:
    case 14:
        decoded_alu(to, rd, bit(rn) | operand);
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
        decoded_sp_moves(to, (int32_t)(operation == 8u ? bytes : 0u - bytes));
    }
}

static void plain_immediate(struct instruction *to, uint16_t first, uint16_t second)
{
    const unsigned rn = first & 15u, rd = field(second, 8, 4);
    const int32_t imm12 = (int32_t)(field(first, 10, 1) << 11 | field(second, 12, 3) << 8 | (second & 0xFFu));
    switch (field(first, 4, 5)) {
    case 0:  /* ADDW, ADR */
    case 10: /* SUBW, ADR */
        decoded_alu(to, rd, rn == REGISTER_PC ? 0u : bit(rn));
        if (rd == REGISTER_SP && rn == REGISTER_SP) {
            decoded_sp_moves(to, field(first, 4, 5) == 0u ? imm12 : -imm12);
        }
        break;
    case 4: /* MOVW */
        decoded_alu(to, rd, 0);
        break;
    case 12: /* MOVT */
        decoded_alu(to, rd, bit(rd));
        break;
    case 22: /* BFI, BFC */
        decoded_alu(to, rd, (unsigned)bit(rd) | (rn == 15u ? 0u : bit(rn)));
        break;
    case 16: /* SSAT */
    case 18: /* SSAT, SSAT16 */
    case 20: /* SBFX */
    case 24: /* USAT */
    case 26: /* USAT, USAT16 */
    case 28: /* UBFX */
        decoded_alu(to, rd, bit(rn));
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
        decoded_jump(to, to->address + 4u + (uint32_t)sign_extend(offset, 25));
        if ((second & 0x4000u) != 0u) {
            to->kind = KIND_CALL;
            to->flow = FLOW_CALL;
            to->writes = bit(REGISTER_LR);
        }
    } else if ((second & 0x5000u) != 0u) {
        return; /* BLX to Arm code */
    } else if ((operation & 0x38u) != 0x38u) { /* B on a condition: 21 bits */
        const uint32_t offset = s << 20 | j2 << 19 | j1 << 18 | (uint32_t)(first & 0x3Fu) << 12 | (second & 0x7FFu) << 1;
        decoded_jump(to, to->address + 4u + (uint32_t)sign_extend(offset, 21));
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
    decoded_multiple(to, (first & 0x10u) != 0u, first & 15u, second & 0xDFFFu, form == 1u, (first & 0x20u) != 0u);
}

static void dual_exclusive_table(struct instruction *to, uint16_t first, uint16_t second)
{
    const unsigned rn = first & 15u, rt = second >> 12, rd = field(second, 8, 4), which = field(second, 4, 4);
    const int load = (first & 0x10u) != 0u;
    if ((first & 0x0120u) != 0u) { /* LDRD, STRD */
        decoded_single(to, load, rt, rn, 16, 4);
        to->kind = load ? KIND_LOAD_MULTIPLE : KIND_STORE_MULTIPLE;
        to->flow = FLOW_NEXT;
        to->loads_pc = 0;
        to->transfers = 2;
        to->ignores_alignment = 1;
        to->reads = (uint16_t)(to->reads | (load ? 0u : bit(rd)));
        to->writes = (uint16_t)(to->writes | (load ? bit(rd) : 0u));
        if ((first & 0x20u) != 0u) {
            const int32_t bytes = (int32_t)(second & 0xFFu) * 4;
            decoded_writes_back(to, (first & 0x80u) != 0u ? bytes : -bytes);
        }
    } else if ((first & 0x80u) == 0u) { /* LDREX, STREX */
        decoded_single(to, load, rt, rn, 16, 4);
        to->ignores_alignment = 1;
        to->like_load = !load;
        to->writes = (uint16_t)(load ? to->writes : bit(rd));
    } else if (load && which <= 1u) { /* TBB, TBH */
        to->kind = KIND_TABLE_BRANCH;
        to->flow = FLOW_REGISTER;
        to->base = (uint8_t)rn;
        to->address_from = to->reads = (uint16_t)(bit(rn) | bit(second & 15u));
    } else if (which == 4u || which == 5u) { /* LDREXB, LDREXH, STREXB, STREXH */
        decoded_single(to, load, rt, rn, 16, which == 4u ? 1 : 2);
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
        decoded_single(to, load, rt, rn, 16, bytes);
        to->offset = (int16_t)(second & 0xFFFu);
        return;
    }
    if ((second & 0x0800u) != 0u) { /* an 8-bit offset, before or after, or unprivileged */
        if ((second & 0x0500u) == 0u) {
            return;
        }
        const int32_t size = (int32_t)(second & 0xFFu), offset = (second & 0x0200u) != 0u ? size : -size;
        decoded_single(to, load, rt, rn, 16, bytes);
        to->offset = (int16_t)((second & 0x0400u) != 0u ? offset : 0);
        if ((second & 0x0100u) != 0u) {
            decoded_writes_back(to, offset);
        }
        return;
    }
    if ((second & 0x0FC0u) == 0u) {
        decoded_single(to, load, rt, rn, second & 15u, bytes);
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
        decoded_alu(to, rd, (unsigned)bit(rn) | bit(rm));
    } else if (extends) { /* SXTH to UXTAB */
        decoded_alu(to, rd, (rn == 15u ? 0u : bit(rn)) | bit(rm));
    } else if (upper >= 8u && upper <= 11u && (lower & 0xCu) == 8u) {
        if (upper >= 10u && lower != 8u) {
            return;
        }
        decoded_alu(to, rd, (upper == 9u || upper == 11u ? 0u : bit(rn)) | bit(rm)); /* REV and CLZ read Rm alone */
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
    decoded_alu(to, field(second, 8, 4), (unsigned)bit(first & 15u) | bit(second & 15u) | (ra == 15u ? 0u : bit(ra)));
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
        decoded_alu(to, high, operands);
        to->kind = KIND_DIVIDE;
    } else if (plain || accumulates) {
        decoded_alu(to, high, operands | (accumulates ? (unsigned)bit(high) | bit(low) : 0u));
        to->kind = KIND_MULTIPLY;
        to->writes = (uint16_t)(bit(high) | bit(low));
    }
    to->flow = FLOW_NEXT;
}

void decode_32(struct instruction *to, uint16_t first, uint16_t second)
{
    const unsigned upper = field(first, 11, 2), operation = field(first, 4, 7);
    if ((operation & 0x40u) != 0u && upper != 2u) {
        decode_fpu(to, first, second);
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

