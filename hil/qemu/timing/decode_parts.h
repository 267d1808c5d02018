/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the decoder share. */
#ifndef HIL_DECODE_PARTS_H
#define HIL_DECODE_PARTS_H

#include "decode.h"

static inline uint16_t bit(unsigned number)
{
    return (uint16_t)(1u << number);
}

static inline unsigned field(unsigned word, unsigned low, unsigned width)
{
    return (word >> low) & ((1u << width) - 1u);
}

static inline unsigned count_ones(unsigned word)
{
    return (unsigned)__builtin_popcount(word);
}

static inline int32_t sign_extend(uint32_t value, unsigned bits)
{
    const uint32_t sign = 1u << (bits - 1u);
    return (int32_t)((value ^ sign) - sign);
}

/* An instruction that computes ``rd`` (16: only flags) from the registers of ``reads``. */
void decoded_alu(struct instruction *to, unsigned rd, unsigned reads);
/* SP moves by a number that the opcode holds: no longer unknown. */
void decoded_sp_moves(struct instruction *to, int32_t bytes);
/* A branch to an address in the opcode. */
void decoded_jump(struct instruction *to, uint32_t target);
/* A load or store of one register; ``offset`` is a register's number, 16 for none. */
void decoded_single(struct instruction *to, int load, unsigned rt, unsigned rn, unsigned offset, unsigned bytes);
/* Which also moves its base. */
void decoded_writes_back(struct instruction *to, int32_t bytes);
/* A load or store of the registers in ``list``. */
void decoded_multiple(struct instruction *to, int load, unsigned rn, unsigned list, int increment, int writeback);

/* Each leaves KIND_UNKNOWN for what it does not know. */
void decode_16(struct instruction *to, uint16_t halfword);
void decode_32(struct instruction *to, uint16_t first, uint16_t second);
void decode_fpu(struct instruction *to, uint16_t first, uint16_t second);

#endif
