/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Encodings: ARMv7-M Architecture Reference Manual (DDI 0403), A5.2. */
#include "decode_parts.h"

static void data_processing_16(struct instruction *to, uint16_t h)
{
    const unsigned rd = h & 7u, rm = field(h, 3, 3);
    switch (field(h, 6, 4)) {
    case 8:  /* TST */
    case 10: /* CMP */
    case 11: /* CMN */
        decoded_alu(to, 16, (unsigned)bit(rd) | bit(rm));
        break;
    case 9:  /* RSB */
    case 15: /* MVN */
        decoded_alu(to, rd, bit(rm));
        break;
    case 13: /* MUL */
        decoded_alu(to, rd, (unsigned)bit(rd) | bit(rm));
        to->kind = KIND_MULTIPLY;
        break;
    default:
        decoded_alu(to, rd, (unsigned)bit(rd) | bit(rm));
    }
}

static void special_16(struct instruction *to, uint16_t h)
{
    const unsigned rd = (h & 7u) | field(h, 7, 1) << 3, rm = field(h, 3, 4);
    switch (field(h, 8, 2)) {
    case 0: /* ADD */
        decoded_alu(to, rd, (unsigned)bit(rd) | bit(rm));
        break;
    case 1: /* CMP */
        decoded_alu(to, 16, (unsigned)bit(rd) | bit(rm));
        break;
    case 2: /* MOV */
        decoded_alu(to, rd, bit(rm));
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
        decoded_alu(to, REGISTER_SP, bit(REGISTER_SP));
        decoded_sp_moves(to, (h & 0x80u) != 0u ? -bytes : bytes);
    } else if ((h & 0xF500u) == 0xB100u) { /* CBZ, CBNZ */
        decoded_jump(to, to->address + 4u + (field(h, 9, 1) << 6 | field(h, 3, 5) << 1));
        to->decides = 1;
        to->reads = bit(h & 7u);
    } else if ((h & 0xFF00u) == 0xB200u) { /* SXTH, SXTB, UXTH, UXTB */
        decoded_alu(to, h & 7u, bit(field(h, 3, 3)));
    } else if ((h & 0xFE00u) == 0xB400u) { /* PUSH */
        decoded_multiple(to, 0, REGISTER_SP, (h & 0xFFu) | field(h, 8, 1) << REGISTER_LR, 0, 1);
    } else if ((h & 0xFE00u) == 0xBC00u) { /* POP */
        decoded_multiple(to, 1, REGISTER_SP, (h & 0xFFu) | field(h, 8, 1) << REGISTER_PC, 1, 1);
    } else if ((h & 0xFFECu) == 0xB660u) { /* CPS */
        to->kind = KIND_SYSTEM;
    } else if ((h & 0xFF00u) == 0xBA00u && field(h, 6, 2) != 2u) { /* REV, REV16, REVSH */
        decoded_alu(to, h & 7u, bit(field(h, 3, 3)));
    } else if ((h & 0xFF00u) == 0xBE00u) { /* BKPT */
        to->kind = KIND_SYSTEM;
    } else if ((h & 0xFF00u) == 0xBF00u) { /* IT, or a hint: NOP, YIELD, WFE, WFI, SEV */
        to->kind = (h & 0xFu) != 0u ? KIND_IT : (h & 0xF0u) != 0u ? KIND_SYSTEM : KIND_NOP;
    }
}

void decode_16(struct instruction *to, uint16_t h)
{
    static const struct {
        uint8_t load, bytes;
    } by_register[8] = {{0, 4}, {0, 2}, {0, 1}, {1, 1}, {1, 4}, {1, 2}, {1, 1}, {1, 2}};
    const unsigned low = h & 7u, middle = field(h, 3, 3), high = field(h, 8, 3);
    switch (h >> 11) {
    case 0: /* LSL, LSR, ASR by a number */
    case 1:
    case 2:
        decoded_alu(to, low, bit(middle));
        break;
    case 3: /* ADD, SUB of three registers or a small number */
        decoded_alu(to, low, (unsigned)bit(middle) | (field(h, 10, 1) != 0u ? 0u : bit(field(h, 6, 3))));
        break;
    case 4: /* MOV of a number */
        decoded_alu(to, high, 0);
        break;
    case 5: /* CMP with a number */
        decoded_alu(to, 16, bit(high));
        break;
    case 6: /* ADD, SUB of a number */
    case 7:
        decoded_alu(to, high, bit(high));
        break;
    case 8:
        if ((h & 0x0400u) != 0u) {
            special_16(to, h);
        } else {
            data_processing_16(to, h);
        }
        break;
    case 9: /* LDR from the literal pool */
        decoded_single(to, 1, high, REGISTER_PC, 16, 4);
        break;
    case 10:
    case 11:
        decoded_single(to, by_register[field(h, 9, 3)].load, low, middle, field(h, 6, 3), by_register[field(h, 9, 3)].bytes);
        break;
    case 12: /* STR, LDR */
    case 13:
        decoded_single(to, (h & 0x0800u) != 0u, low, middle, 16, 4);
        to->offset = (int16_t)(field(h, 6, 5) * 4u);
        break;
    case 14: /* STRB, LDRB */
    case 15:
        decoded_single(to, (h & 0x0800u) != 0u, low, middle, 16, 1);
        break;
    case 16: /* STRH, LDRH */
    case 17:
        decoded_single(to, (h & 0x0800u) != 0u, low, middle, 16, 2);
        to->offset = (int16_t)(field(h, 6, 5) * 2u);
        break;
    case 18: /* STR, LDR relative to sp */
    case 19:
        decoded_single(to, (h & 0x0800u) != 0u, high, REGISTER_SP, 16, 4);
        to->offset = (int16_t)(field(h, 0, 8) * 4u);
        break;
    case 20: /* ADR */
        decoded_alu(to, high, 0);
        break;
    case 21: /* ADD to sp */
        decoded_alu(to, high, bit(REGISTER_SP));
        break;
    case 22:
    case 23:
        misc_16(to, h);
        break;
    case 24: /* STM, LDM */
    case 25:
        if ((h & 0xFFu) != 0u) {
            const int load = (h & 0x0800u) != 0u;
            decoded_multiple(to, load, high, h & 0xFFu, 1, !load || (h & 1u << high) == 0u);
        }
        break;
    case 26: /* B on a condition, SVC */
    case 27:
        if (field(h, 8, 4) == 15u) {
            to->kind = KIND_SYSTEM;
        } else if (field(h, 8, 4) != 14u) {
            decoded_jump(to, to->address + 4u + (uint32_t)(sign_extend(h & 0xFFu, 8) * 2));
            to->decides = 1;
        }
        break;
    default: /* B */
        decoded_jump(to, to->address + 4u + (uint32_t)(sign_extend(h & 0x7FFu, 11) * 2));
    }
}

