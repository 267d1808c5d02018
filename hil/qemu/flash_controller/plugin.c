/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A QEMU TCG plug-in that puts an STM32L475's FLASH controller where QEMU's machine has registers that read 0, so that
 * a flash algorithm which runs from RAM programs the flash by itself: -plugin hil-flash.so
 *
 * A plug-in cannot answer an access, but is told of each when it is over. What a store does is done then, since flash
 * is memory that stores do not change and a plug-in can. What a load got is put right before the next instruction. */
#include "controller.h"
#include "qemu_api.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RAM_START 0x20000000u /* code in flash, which is the firmware's, runs as without a plug-in */
#define RAM_END 0x40000000u

PLUGIN_EXPORT int qemu_plugin_version = HIL_QEMU_API;

static struct controller flash;
static struct qemu_plugin_register *registers[REGISTERS];
static struct byte_array *bytes;
static struct {
    int into; /* the register that a load of the controller's went to; below 0: none */
    uint32_t value;
} late = {-1, 0};

static const char *const names[REGISTERS] = {"r0", "r1", "r2", "r3",  "r4",  "r5", "r6",
                                             "r7", "r8", "r9", "r10", "r11", "r12"};

/* What was wrongly done to flash would be taken for what the algorithm does. */
static _Noreturn __attribute__((format(printf, 1, 2))) void give_up(const char *why, ...)
{
    va_list arguments;
    va_start(arguments, why);
    fputs("flash controller plug-in: ", stderr);
    vfprintf(stderr, why, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    abort();
}

static void read_flash(uint32_t address, uint8_t *into, uint32_t count)
{
    if (!qemu_plugin_read_memory_vaddr(address, bytes, count) || bytes->length < count) {
        give_up("QEMU does not read 0x%08x", address);
    }
    memcpy(into, bytes->data, count);
}

static void write_flash(uint32_t address, const uint8_t *from, uint32_t count)
{
    (void)g_byte_array_set_size(bytes, count);
    memcpy(bytes->data, from, count);
    if (!qemu_plugin_write_memory_vaddr(address, bytes)) {
        give_up("QEMU does not write 0x%08x", address);
    }
}

static const struct flash_memory memory = {read_flash, write_flash};

/* The register that LDR (immediate) of a word loads, ARMv7-M ARM A7.7.43; below 0: another instruction. */
static int loads(const uint16_t opcode[2])
{
    if ((opcode[0] & 0xF800u) == 0x6800u) {
        return opcode[0] & 7;
    }
    if ((opcode[0] & 0xFFF0u) == 0xF8D0u && opcode[1] >> 12 < REGISTERS) {
        return opcode[1] >> 12;
    }
    return -1;
}

static uint32_t stored(uint32_t info)
{
    const struct mem_value value = qemu_plugin_mem_get_value(info);
    switch (qemu_plugin_mem_size_shift(info)) {
    case 0:
        return value.data.u8;
    case 1:
        return value.data.u16;
    default:
        return value.data.u32;
    }
}

static void on_access(unsigned int cpu, uint32_t info, uint64_t address, void *data)
{
    const uint32_t at = (uint32_t)address, size = 1u << qemu_plugin_mem_size_shift(info);
    const bool store = qemu_plugin_mem_is_store(info);
    const int into = (int)(intptr_t)data;
    (void)cpu;
    if (at - FLASH_REGISTERS < FLASH_REGISTERS_BYTES) {
        if (size != 4u || (!store && into < 0)) {
            give_up("an access of %u bytes to 0x%08x that it does not know", size, at);
        }
        if (store) {
            controller_write(&flash, at - FLASH_REGISTERS, stored(info));
        } else {
            late.into = into;
            late.value = controller_read(&flash, at - FLASH_REGISTERS);
        }
    } else if (store && at - FLASH_START < FLASH_BYTES) {
        controller_store(&flash, at, stored(info), size);
    }
}

static void on_next(unsigned int cpu, void *data)
{
    (void)cpu;
    (void)data;
    if (late.into < 0) {
        return;
    }
    (void)g_byte_array_set_size(bytes, sizeof late.value);
    memcpy(bytes->data, &late.value, sizeof late.value);
    if (!qemu_plugin_write_register(registers[late.into], bytes)) {
        give_up("QEMU does not write %s", names[late.into]);
    }
    late.into = -1;
}

/* The instruction after a load may begin a block of its own: devices end one. */
static void on_translation(struct qemu_plugin_tb *tb, void *data)
{
    const size_t count = qemu_plugin_tb_n_insns(tb);
    bool follows = true;
    (void)data;
    for (size_t i = 0; i < count; i++) {
        struct qemu_plugin_insn *const insn = qemu_plugin_tb_get_insn(tb, i);
        const uint64_t address = qemu_plugin_insn_vaddr(insn);
        uint16_t opcode[2] = {0, 0};
        if (address < RAM_START || address >= RAM_END) {
            return;
        }
        (void)qemu_plugin_insn_data(insn, opcode, sizeof opcode);
        const int into = loads(opcode);
        if (follows) {
            qemu_plugin_register_vcpu_insn_exec_cb(insn, on_next, READS_AND_WRITES_REGISTERS, NULL);
        }
        qemu_plugin_register_vcpu_mem_cb(insn, on_access, NO_REGISTERS, MEM_BOTH, (void *)(intptr_t)into);
        follows = into >= 0;
    }
}

static void on_cpu(unsigned int cpu, void *data)
{
    struct array *const found = qemu_plugin_get_registers();
    const size_t size = g_array_get_element_size(found);
    (void)cpu;
    (void)data;
    for (size_t i = 0; i < found->length; i++) {
        struct description one;
        memcpy(&one, found->data + i * size, sizeof one);
        for (int r = 0; r < REGISTERS; r++) {
            if (strcmp(one.name, names[r]) == 0) {
                registers[r] = one.handle;
            }
        }
    }
    (void)g_array_free(found, 1);
    for (int r = 0; r < REGISTERS; r++) {
        if (registers[r] == NULL) {
            give_up("QEMU has no register %s", names[r]);
        }
    }
}

int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    if (!info->system_emulation || strcmp(info->target_name, "arm") != 0 || info->version.cur != HIL_QEMU_API) {
        fprintf(stderr, "flash controller plug-in: for qemu-system-arm with plug-in API %d alone\n", HIL_QEMU_API);
        return -1;
    }
    bytes = g_byte_array_new();
    controller_reset(&flash, &memory);
    qemu_plugin_register_vcpu_init_cb(id, on_cpu, NULL);
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation, NULL);
    return 0;
}
