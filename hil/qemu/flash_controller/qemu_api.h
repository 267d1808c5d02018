/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is used of version 7 of QEMU's plug-in API (include/plugins/qemu-plugin.h of QEMU 11.1), and of GLib, which QEMU
 * brings along. Declared here because distributions install no header for it. */
#ifndef HIL_FLASH_QEMU_API_H
#define HIL_FLASH_QEMU_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if HIL_QEMU_API != 7
#error "compile with -DHIL_QEMU_API=7"
#endif

#define PLUGIN_EXPORT __attribute__((visibility("default")))

enum { NO_REGISTERS = 0, READS_AND_WRITES_REGISTERS = 2 }; /* of a callback */
enum { MEM_BOTH = 3 };
enum { REGISTERS = 13 }; /* r0 to r12 */

struct byte_array {
    uint8_t *data;
    unsigned int length;
};
struct array {
    char *data;
    unsigned int length;
};
struct byte_array *g_byte_array_new(void);
struct byte_array *g_byte_array_set_size(struct byte_array *array, unsigned int length);
unsigned int g_array_get_element_size(struct array *array);
char *g_array_free(struct array *array, int contents);

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_plugin_register;

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

struct description { /* of a register */
    struct qemu_plugin_register *handle;
    const char *name;
    const char *feature;
    bool read_only;
};

struct mem_value { /* what was loaded or stored */
    int type;
    union {
        uint8_t u8;
        uint16_t u16;
        uint32_t u32;
        uint64_t u64[2];
    } data;
};

extern PLUGIN_EXPORT int qemu_plugin_version;
PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv);

void qemu_plugin_register_vcpu_init_cb(qemu_plugin_id_t id, void (*begins)(unsigned int cpu, void *data), void *data);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
                                           void (*translated)(struct qemu_plugin_tb *tb, void *data), void *data);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, void (*runs)(unsigned int cpu, void *data),
                                            int flags, void *data);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn,
                                      void (*accessed)(unsigned int cpu, uint32_t info, uint64_t address, void *data),
                                      int flags, int reads_or_writes, void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_data(const struct qemu_plugin_insn *insn, void *into, size_t room);

bool qemu_plugin_mem_is_store(uint32_t info);
unsigned int qemu_plugin_mem_size_shift(uint32_t info);
struct mem_value qemu_plugin_mem_get_value(uint32_t info);

struct array *qemu_plugin_get_registers(void);
bool qemu_plugin_write_register(struct qemu_plugin_register *handle, struct byte_array *from);
bool qemu_plugin_read_memory_vaddr(uint64_t address, struct byte_array *into, size_t bytes);
bool qemu_plugin_write_memory_vaddr(uint64_t address, struct byte_array *from);

#endif
