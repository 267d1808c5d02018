/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What this plug-in uses of QEMU, alike for every version of the plug-in API from 1 to 7 (QEMU 6.0 to 11.1).
 * HIL_QEMU_API is the version to compile for: the one that the QEMU at hand has, since a function may take other
 * arguments in the next one under the same name. qemu_api.c holds what differs. */
#ifndef HIL_QEMU_API_H
#define HIL_QEMU_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if !defined HIL_QEMU_API || HIL_QEMU_API < 1 || HIL_QEMU_API > 7
#error "compile with -DHIL_QEMU_API=1 to 7"
#endif

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;

typedef void (*api_executed)(unsigned int cpu, void *data);
typedef void (*api_accessed)(unsigned int cpu, uint32_t info, uint64_t address, void *data);

/* What QEMU calls first, once it is known to fit: 0, or -1 with a line on standard error. */
int api_install(qemu_plugin_id_t id, int argc, char **argv);
/* Call back when a block was translated, and when the emulator ends. */
void api_begin(qemu_plugin_id_t id, void (*translated)(struct qemu_plugin_tb *tb), void (*ended)(void));

size_t api_count(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *api_instruction(const struct qemu_plugin_tb *tb, size_t index);
uint32_t api_address(const struct qemu_plugin_insn *insn);
/* The halfwords of an instruction, the second of a 16-bit one as 0. */
void api_opcode(const struct qemu_plugin_insn *insn, uint16_t halfwords[2]);

/* Call back when a block or an instruction is about to run, where api_sp may be asked, and after each access to
 * memory, where it may not. */
void api_on_block(struct qemu_plugin_tb *tb, api_executed executed, void *data);
void api_on_instruction(struct qemu_plugin_insn *insn, api_executed executed, void *data);
void api_on_access(struct qemu_plugin_insn *insn, api_accessed accessed, void *data);
uint32_t api_bytes(uint32_t info); /* of such an access */

/* Counters that QEMU adds to by itself at each access of an instruction. */
enum { API_COUNTERS = 32 };
uint64_t *api_counters(void);
void api_count_accesses(struct qemu_plugin_insn *insn, unsigned int counter, uint64_t amount);

/* SP, where registers can be read. */
enum { API_READS_REGISTERS = HIL_QEMU_API > 1 };
uint32_t api_sp(void);

#endif
