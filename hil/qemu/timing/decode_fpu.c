/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Encodings: ARMv7-M Architecture Reference Manual (DDI 0403), A6.4 to A6.7. */
#include "decode_parts.h"

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
    decoded_single(to, load, 0, rn, 16, 4);
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
        decoded_writes_back(to, up ? bytes : -bytes);
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

void decode_fpu(struct instruction *to, uint16_t first, uint16_t second)
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

