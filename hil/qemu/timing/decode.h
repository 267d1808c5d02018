/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Thumb-2 and single-precision VFP instructions of ARMv7E-M, decoded to what their cost depends on. */
#ifndef HIL_DECODE_H
#define HIL_DECODE_H

#include <stdint.h>

enum kind {
    KIND_UNKNOWN, /* no instruction of ARMv7E-M that this decoder knows */
    KIND_ALU,
    KIND_MULTIPLY,
    KIND_DIVIDE,
    KIND_LOAD,
    KIND_STORE,
    KIND_LOAD_MULTIPLE, /* LDM, POP, LDRD */
    KIND_STORE_MULTIPLE,
    KIND_BRANCH,
    KIND_CALL,
    KIND_TABLE_BRANCH,
    KIND_IT,
    KIND_NOP,
    KIND_SYSTEM,  /* MRS, MSR, CPS, barriers, SVC, BKPT, WFI and the like */
    KIND_FP,      /* VADD, VMUL, VCMP, VCVT, … */
    KIND_FP_MAC,  /* VMLA, VFMA and their kin */
    KIND_FP_DIVIDE, /* VDIV, VSQRT */
    KIND_FP_MOVE, /* between registers, VMRS, VMSR */
    KIND_FP_LOAD,
    KIND_FP_STORE,
    KIND_FP_LOAD_MULTIPLE, /* VLDM, VPOP, VLDR of a double */
    KIND_FP_STORE_MULTIPLE,
    KIND_COUNT
};

/* How an instruction may go on elsewhere than at the next. */
enum flow {
    FLOW_NEXT,
    FLOW_JUMP,          /* to ``target``, always or on a condition */
    FLOW_CALL,          /* BL to ``target`` */
    FLOW_CALL_REGISTER, /* BLX Rm */
    FLOW_REGISTER,      /* BX Rm, MOV pc, a table branch, LDR pc: a switch or a tail call */
    FLOW_RETURN,        /* BX lr, MOV pc, lr, POP {…, pc}: a return, or the end of an exception */
};

enum { REGISTER_SP = 13, REGISTER_LR = 14, REGISTER_PC = 15 };

/* Hint instructions that mean something to the regions (region.h); -1: none. */
enum { MARK_NONE = -1 };

struct instruction {
    uint32_t address;
    uint32_t target;    /* of FLOW_JUMP and FLOW_CALL */
    uint32_t fp_reads;  /* S0 to S31, bit by bit */
    uint32_t fp_addend; /* of them: what a multiply-accumulate adds to */
    uint32_t fp_writes;
    uint16_t reads; /* r0 to pc */
    uint16_t writes;
    uint16_t address_from; /* registers that form the address of a load or store */
    int32_t sp_change;     /* bytes that SP moves up */
    int16_t offset;        /* number added to the base of a single load or store before the access */
    int16_t base_change;   /* what writeback adds to the base */
    uint8_t kind;          /* enum kind */
    uint8_t flow;          /* enum flow */
    uint8_t size;          /* bytes: 2 or 4 */
    uint8_t base;          /* base register of a load or store */
    uint8_t access;        /* bytes of one access of a load or store */
    uint8_t transfers;     /* registers moved by a multiple load or store, or VMOV of two */
    int8_t mark;           /* option of a DBG hint, or MARK_NONE */
    uint8_t register_offset : 1;
    uint8_t writeback : 1;
    uint8_t literal : 1;   /* the base is pc */
    uint8_t ignores_alignment : 1; /* byte accesses, and those that fault when unaligned */
    uint8_t sp_unknown : 1; /* SP becomes something that the opcode does not tell */
    uint8_t loads_pc : 1;   /* LDR pc, POP {pc}, LDM with pc */
    uint8_t is_conditional : 1; /* within an IT block, */
    uint8_t condition : 4;      /* on this one */
    uint8_t like_load : 1;      /* STREX: a store that the pipeline takes for a load */
    uint8_t fp_late : 1;        /* an arithmetic result, which the next instruction waits for */
    uint8_t decides : 1;        /* B<cond>, CBZ, CBNZ: goes on at the next when it does not branch */
    uint8_t barrier : 1;        /* ISB: the pipeline refills */
};

/* The halfwords of one instruction at ``address``, wide when its first says so. ``second`` is read only then. */
int is_wide(uint16_t first);
void decode(struct instruction *to, uint32_t address, uint16_t first, uint16_t second);

/* ITSTATE's successor for the instruction after; 0 ends the block (ARMv7-M ARM, A7.3.3). */
uint8_t it_advance(uint8_t state);
/* The ITSTATE that an IT instruction begins with; 0 when it is not one. */
uint8_t it_begins(uint16_t first);

extern const char *const kind_names[KIND_COUNT];

#endif
