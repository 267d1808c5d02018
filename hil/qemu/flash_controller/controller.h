/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The FLASH controller of an STM32L475 (RM0351, chapter 3), as far as it programs flash: what its registers read, and
 * what stores to them and to flash do. Portable C; the memory belongs to whoever calls. */
#ifndef HIL_FLASH_CONTROLLER_H
#define HIL_FLASH_CONTROLLER_H

#include <stdbool.h>
#include <stdint.h>

#define FLASH_START 0x08000000u
#define FLASH_BYTES 0x00100000u
#define FLASH_REGISTERS 0x40022000u
#define FLASH_REGISTERS_BYTES 0x400u

enum { FLASH_ACR = 0x00, FLASH_KEYR = 0x08, FLASH_SR = 0x10, FLASH_CR = 0x14, FLASH_OPTR = 0x20 };

struct flash_memory {
    void (*read)(uint32_t address, uint8_t *into, uint32_t bytes);
    void (*write)(uint32_t address, const uint8_t *from, uint32_t bytes);
};

struct controller {
    const struct flash_memory *memory;
    uint32_t acr;
    uint32_t sr;
    uint32_t cr;
    bool half_open; /* the first key was written */
    bool shut;      /* a wrong one was: locked until reset */
    bool half_full; /* the first word of a double word was stored, to be programmed with the second */
    uint32_t first_at;
    uint32_t first;
};

void controller_reset(struct controller *flash, const struct flash_memory *memory);
uint32_t controller_read(struct controller *flash, uint32_t offset);
void controller_write(struct controller *flash, uint32_t offset, uint32_t value);
/* A store to flash itself, of which the controller makes something or an error. */
void controller_store(struct controller *flash, uint32_t address, uint32_t value, uint32_t bytes);

#endif
