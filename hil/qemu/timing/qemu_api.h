/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What this plug-in uses of QEMU's plug-in API, version 1 (QEMU 6.0 to 8.2; docs/devel/tcg-plugins).
 * Declared here because distributions install no header for it. */
#ifndef HIL_QEMU_API_H
#define HIL_QEMU_API_H

#include <stddef.h>
#include <stdint.h>

#define PLUGIN_EXPORT __attribute__((visibility("default")))
#define PLUGIN_API_VERSION 1

typedef uint64_t qemu_plugin_id_t;

struct qemu_info {
    const char *target_name;
    struct {
        int min;
        int cur;
    } version;
    int system_emulation;
    int smp_vcpus;
    int max_vcpus;
};

struct qemu_plugin_tb;
struct qemu_plugin_insn;

enum { CB_NO_REGS = 0 };
enum { MEM_READS = 1, MEM_WRITES = 2, MEM_BOTH = 3 }; /* one asked for reads alone never fires in QEMU 7.2 */
enum { INLINE_ADD_U64 = 0 };

typedef void (*qemu_plugin_tb_trans)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb);
typedef void (*qemu_plugin_exec)(unsigned int cpu, void *data);
typedef void (*qemu_plugin_mem)(unsigned int cpu, uint32_t info, uint64_t address, void *data);
typedef void (*qemu_plugin_end)(qemu_plugin_id_t id, void *data);

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, qemu_plugin_tb_trans translated);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, qemu_plugin_exec executed, int flags,
                                          void *data);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, qemu_plugin_exec executed, int flags,
                                            void *data);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn, qemu_plugin_mem accessed, int flags,
                                      int reads_or_writes, void *data);
void qemu_plugin_register_vcpu_mem_inline(struct qemu_plugin_insn *insn, int reads_or_writes, int operation,
                                          void *counter, uint64_t amount);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, qemu_plugin_end ended, void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);

#endif
