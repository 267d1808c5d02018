/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counters that QEMU adds to, and registers: the part of its plug-in API that version 2 changed most. */
#include "qemu_api.h"
#include "qemu_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INLINE_ADD_U64 = 0 };

#if HIL_QEMU_API < 2

void qemu_plugin_register_vcpu_mem_inline(struct qemu_plugin_insn *insn, int reads_or_writes, int operation,
                                          void *counter, uint64_t amount);

static uint64_t counters[API_COUNTERS];

void api_begin_registers(qemu_plugin_id_t id)
{
    (void)id;
}

uint64_t *api_counters(void)
{
    return counters;
}

void api_count_accesses(struct qemu_plugin_insn *insn, unsigned int counter, uint64_t amount)
{
    qemu_plugin_register_vcpu_mem_inline(insn, MEM_BOTH, INLINE_ADD_U64, &counters[counter], amount);
}

uint32_t api_sp(void)
{
    abort(); /* nobody asks for it */
}

#else

/* What is used of GLib, which QEMU brings along. */
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

struct qemu_plugin_register;
struct description { /* of a register; from version 6 on more follows */
    struct qemu_plugin_register *handle;
    const char *name;
    const char *feature;
};
struct array *qemu_plugin_get_registers(void);
#if HIL_QEMU_API < 6
int qemu_plugin_read_register(struct qemu_plugin_register *handle, struct byte_array *into);
#else
bool qemu_plugin_read_register(struct qemu_plugin_register *handle, struct byte_array *into);
#endif

struct qemu_plugin_scoreboard;
struct qemu_plugin_u64 {
    struct qemu_plugin_scoreboard *board;
    size_t offset;
};
struct qemu_plugin_scoreboard *qemu_plugin_scoreboard_new(size_t size);
void *qemu_plugin_scoreboard_find(struct qemu_plugin_scoreboard *board, unsigned int cpu);
void qemu_plugin_register_vcpu_mem_inline_per_vcpu(struct qemu_plugin_insn *insn, int reads_or_writes, int operation,
                                                   struct qemu_plugin_u64 counter, uint64_t amount);

static uint64_t none[API_COUNTERS]; /* before there is a CPU */
static uint64_t *counters = none;
static struct qemu_plugin_scoreboard *board;
static struct qemu_plugin_register *sp;
static struct byte_array *bytes;

static void find_sp(void)
{
    struct array *const registers = qemu_plugin_get_registers();
    const size_t size = g_array_get_element_size(registers);
    for (size_t i = 0; i < registers->length; i++) {
        struct description one;
        memcpy(&one, registers->data + i * size, sizeof one);
        if (strcmp(one.name, "sp") == 0 || strcmp(one.name, "r13") == 0) {
            sp = one.handle;
        }
    }
    (void)g_array_free(registers, 1);
}

static void cpu_begins(unsigned int cpu)
{
    if (cpu == 0u) { /* the machines of a Cortex-M4 have one */
        counters = qemu_plugin_scoreboard_find(board, cpu);
        find_sp();
    }
}

#if HIL_QEMU_API < 7

void qemu_plugin_register_vcpu_init_cb(qemu_plugin_id_t id, void (*begins)(qemu_plugin_id_t id, unsigned int cpu));

static void on_cpu(qemu_plugin_id_t id, unsigned int cpu)
{
    (void)id;
    cpu_begins(cpu);
}

static void watch_cpus(qemu_plugin_id_t id)
{
    qemu_plugin_register_vcpu_init_cb(id, on_cpu);
}

#else

void qemu_plugin_register_vcpu_init_cb(qemu_plugin_id_t id, api_executed begins, void *data);

static void on_cpu(unsigned int cpu, void *data)
{
    (void)data;
    cpu_begins(cpu);
}

static void watch_cpus(qemu_plugin_id_t id)
{
    qemu_plugin_register_vcpu_init_cb(id, on_cpu, NULL);
}

#endif

void api_begin_registers(qemu_plugin_id_t id)
{
    board = qemu_plugin_scoreboard_new(sizeof none);
    bytes = g_byte_array_new();
    watch_cpus(id);
}

uint64_t *api_counters(void)
{
    return counters;
}

void api_count_accesses(struct qemu_plugin_insn *insn, unsigned int counter, uint64_t amount)
{
    const struct qemu_plugin_u64 one = {board, counter * sizeof counters[0]};
    qemu_plugin_register_vcpu_mem_inline_per_vcpu(insn, MEM_BOTH, INLINE_ADD_U64, one, amount);
}

uint32_t api_sp(void)
{
    uint32_t value;
    (void)g_byte_array_set_size(bytes, 0);
    if (sp != NULL) {
        (void)qemu_plugin_read_register(sp, bytes);
    }
    if (bytes->length != sizeof value) {
        fprintf(stderr, "timing plug-in: QEMU does not tell SP\n");
        abort(); /* a figure by a guess would be taken for an exact one */
    }
    memcpy(&value, bytes->data, sizeof value);
    return value;
}

#endif
