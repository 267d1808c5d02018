/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The numbers of the cycle model, in cycles unless said otherwise. One set for all code: see docs/cycle-model.md.
 *
 * Sources: [TRM] Arm Cortex-M4 Technical Reference Manual r0p1 (100166), tables 3-1 and 7-1, with its notes on
 * load/store timings (3.3.2 in r0p0, DDI 0439); [jnk0le] measurements on an STM32F407 at zero wait states, github
 * jnk0le/random, "pipeline cycle test/doc/cortex_m3m4.md"; [compendium] compendium.i-0.nl, "Alignment rules";
 * [523] IACR eprint 2025/523, as [jnk0le] quotes it; [polymul] multiplications of mupq/polymul-z2mx-m4, measured on
 * an STM32F407; [GCC] gcc/config/arm/cortex-m4-fpu.md. */
#ifndef HIL_PARAMETERS_H
#define HIL_PARAMETERS_H

#include <stdint.h>

#define MODEL_VERSION "2"

/* X(name, value, what for; source) */
#define PARAMETERS(X) \
    X(load, 2, "single load; [TRM] LDR 2") \
    X(load_pipelined, 1, "a load right after a load of the same memory; [TRM] neighbouring loads pipeline") \
    X(store, 1, "single store; [TRM] STR Rx,[Ry,#imm] is always one cycle") \
    X(store_register, 2, "store with a register offset, but for one after a load of the same memory; [jnk0le], [TRM]") \
    X(store_same_base, 1, "added to a store after a store that moved the base of both; [jnk0le]") \
    X(load_after_store, 2, "added to a load right after STR Rx,[Ry,#imm] to the same memory; [polymul]") \
    X(read_after_store, 1, "added to another read right after it: LDM, POP, LDRD, a literal; [jnk0le], [TRM]") \
    X(multiple, 1, "LDM, STM, PUSH, POP, LDRD, STRD, VLDM, VSTM beside one for each register; [TRM] 1+N") \
    X(address_late, 1, "an address from the data processing right before; [TRM] no forwarding path") \
    X(divide_low, 2, "SDIV, UDIV at best; [TRM] 2 to 12") \
    X(divide, 7, "SDIV, UDIV, nominal: the middle") \
    X(divide_high, 12, "SDIV, UDIV at worst") \
    X(refill, 1, "a taken branch to an address in the opcode; [TRM] P is 1 to 3, the target is speculated") \
    X(refill_register, 2, "BX, BLX Rm, MOV pc; [TRM] P, the address comes from a register") \
    X(refill_load, 3, "LDR pc, POP {pc}, LDM with pc; [TRM] LDR PC takes at least five cycles") \
    X(refill_table, 4, "TBB, TBH beside their load's two; [TRM] at least six cycles") \
    X(target_halfway, 1, "a branch to a 32-bit instruction at a halfword; [compendium]") \
    X(wide_run, 1, "32-bit instructions at halfwords right after a store; [523], [compendium]") \
    X(wide_run_length, 3, "how many of them; [523]") \
    X(nop_hides, 1, "1: a NOP right after a load or a register-offset store costs nothing; [jnk0le]") \
    X(it_folds, 1, "1: IT in one word with the 16-bit instruction before it costs nothing; [TRM] folding") \
    X(unaligned_half, 1, "a word at a halfword, or a halfword at a byte; [TRM] one penalty cycle") \
    X(unaligned_byte, 2, "a word at a byte; [TRM] two penalty cycles") \
    X(fp_mac, 3, "VMLA, VFMA and their kin; [TRM] 3") \
    X(fp_divide, 14, "VDIV, VSQRT; [TRM] 14") \
    X(fp_result, 1, "an arithmetic result used by the next instruction, not as an addend; [TRM] one cycle longer") \
    X(exception_entry, 12, "[TRM] 12 cycles from the interrupt to its handler") \
    X(exception_return, 10, "[TRM] unstacking") \
    X(exception_chain, 6, "[TRM] from the end of one exception to the next by tail-chaining") \
    X(wait_states, 0, "added to each refill and each new line of flash") \
    X(flash_line, 16, "bytes that flash gives at once") \
    /* the end */

struct parameters {
#define X(name, value, text) int32_t name;
    PARAMETERS(X)
#undef X
};

extern struct parameters parameters;

/* Change one by name; -1 when there is none of that name. */
int parameters_set(const char *name, int32_t value);

#endif
