/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QEMU's plug-in API (docs/devel/tcg-plugins and include/plugins/qemu-plugin.h of QEMU 7.2 to 11.1). Declared here
 * because distributions install no header for it. What each version changed of it:
 *  2 (QEMU 9.0)  counters live in scoreboards, and registers can be read (qemu_registers.c)
 *  3 (QEMU 9.1)  an instruction's bytes are copied out
 *  4 (QEMU 9.2), 5 (QEMU 10.1): nothing that is used here
 *  6 (QEMU 11.0) read_register returns whether it could (qemu_registers.c)
 *  7 (QEMU 11.1) every callback has its data, and the plug-in's number no more */
#include "qemu_api.h"

#include "decode.h"
#include "qemu_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PLUGIN_EXPORT __attribute__((visibility("default")))

struct qemu_info {
    const char *target_name;
    struct {
        int min;
        int cur;
    } version;
    bool system_emulation;
    int smp_vcpus;
    int max_vcpus;
};


void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, api_executed executed, int flags, void *data);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, api_executed executed, int flags,
                                            void *data);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn, api_accessed accessed, int flags,
                                      int reads_or_writes, void *data);
unsigned int qemu_plugin_mem_size_shift(uint32_t info);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);

PLUGIN_EXPORT int qemu_plugin_version = HIL_QEMU_API;
PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv);

static void (*on_translation)(struct qemu_plugin_tb *tb);
static void (*on_end)(void);

size_t api_count(const struct qemu_plugin_tb *tb)
{
    return qemu_plugin_tb_n_insns(tb);
}

struct qemu_plugin_insn *api_instruction(const struct qemu_plugin_tb *tb, size_t index)
{
    return qemu_plugin_tb_get_insn(tb, index);
}

uint32_t api_address(const struct qemu_plugin_insn *insn)
{
    return (uint32_t)qemu_plugin_insn_vaddr(insn);
}

uint32_t api_bytes(uint32_t info)
{
    return 1u << qemu_plugin_mem_size_shift(info);
}

/* The length of an instruction comes from its opcode: QEMU 7.2's is wrong before a page's end. */
#if HIL_QEMU_API < 3

const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);

void api_opcode(const struct qemu_plugin_insn *insn, uint16_t halfwords[2])
{
    const uint8_t *const bytes = qemu_plugin_insn_data(insn);
    memcpy(&halfwords[0], bytes, 2);
    halfwords[1] = 0;
    if (is_wide(halfwords[0])) {
        memcpy(&halfwords[1], bytes + 2, 2);
    }
}

#else

size_t qemu_plugin_insn_data(const struct qemu_plugin_insn *insn, void *into, size_t room);

void api_opcode(const struct qemu_plugin_insn *insn, uint16_t halfwords[2])
{
    halfwords[0] = halfwords[1] = 0;
    (void)qemu_plugin_insn_data(insn, halfwords, 4);
    if (!is_wide(halfwords[0])) {
        halfwords[1] = 0;
    }
}

#endif
#if HIL_QEMU_API < 7

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
                                           void (*translated)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb));
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, void (*ended)(qemu_plugin_id_t id, void *data), void *data);

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    (void)id;
    on_translation(tb);
}

static void ended(qemu_plugin_id_t id, void *data)
{
    (void)id;
    (void)data;
    on_end();
}

static void watch_translations(qemu_plugin_id_t id)
{
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
}

#else

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
                                           void (*translated)(struct qemu_plugin_tb *tb, void *data), void *data);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, void (*ended)(void *data), void *data);

static void translated(struct qemu_plugin_tb *tb, void *data)
{
    (void)data;
    on_translation(tb);
}

static void ended(void *data)
{
    (void)data;
    on_end();
}

static void watch_translations(qemu_plugin_id_t id)
{
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated, NULL);
}

#endif

void api_on_block(struct qemu_plugin_tb *tb, api_executed executed, void *data)
{
    qemu_plugin_register_vcpu_tb_exec_cb(tb, executed, MAY_READ, data);
}

void api_on_instruction(struct qemu_plugin_insn *insn, api_executed executed, void *data)
{
    qemu_plugin_register_vcpu_insn_exec_cb(insn, executed, MAY_READ, data);
}

void api_on_access(struct qemu_plugin_insn *insn, api_accessed accessed, void *data)
{
    qemu_plugin_register_vcpu_mem_cb(insn, accessed, NO_REGISTERS, MEM_BOTH, data);
}

void api_begin(qemu_plugin_id_t id, void (*translated_)(struct qemu_plugin_tb *tb), void (*ended_)(void))
{
    on_translation = translated_;
    on_end = ended_;
    api_begin_registers(id);
    watch_translations(id);
    qemu_plugin_register_atexit_cb(id, ended, NULL);
}

int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv)
{
    if (!info->system_emulation || strcmp(info->target_name, "arm") != 0) {
        fprintf(stderr, "timing plug-in: for qemu-system-arm alone\n");
        return -1;
    }
    if (info->version.cur != HIL_QEMU_API) {
        fprintf(stderr, "timing plug-in: compiled for plug-in API %d, this QEMU has %d\n", HIL_QEMU_API,
                info->version.cur);
        return -1;
    }
    return api_install(id, argc, argv);
}
