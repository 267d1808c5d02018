/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "controller.h"

#include <string.h>

#define BANK_BYTES (FLASH_BYTES / 2u)
#define ACR_RESET 0x00000600u
#define OPTR_FACTORY 0xFFEFF8AAu /* option bytes as a chip comes: two banks, the watchdog started by software */
#define KEY1 0x45670123u
#define KEY2 0xCDEF89ABu

enum { PAGE_BYTES = 2048, DOUBLE_WORD = 8, ERASED = 0xFF };

enum { /* bits of SR */
    EOP = 1 << 0,
    PROGERR = 1 << 3,
    PGAERR = 1 << 5,
    SIZERR = 1 << 6,
    PGSERR = 1 << 7,
    ERRORS = 0xC3FA, /* these, and those of what is not modelled */
    BUSY = 1 << 16,
};

#define CR_PG (1u << 0)
#define CR_PER (1u << 1)
#define CR_MER1 (1u << 2)
#define CR_PAGE_SHIFT 3
#define CR_PAGE 0xFFu
#define CR_BANK2 (1u << 11)
#define CR_MER2 (1u << 15)
#define CR_START (1u << 16)
#define CR_EOPIE (1u << 24)
#define CR_OPTLOCK (1u << 30)
#define CR_LOCK (1u << 31)
#define CR_WRITABLE (CR_PG | CR_PER | CR_MER1 | (CR_PAGE << CR_PAGE_SHIFT) | CR_BANK2 | CR_MER2 | CR_EOPIE | CR_LOCK)

void controller_reset(struct controller *flash, const struct flash_memory *memory)
{
    *flash = (struct controller){.memory = memory, .acr = ACR_RESET, .cr = CR_LOCK | CR_OPTLOCK};
}

uint32_t controller_read(struct controller *flash, uint32_t offset)
{
    uint32_t sr;
    switch (offset) {
    case FLASH_ACR:
        return flash->acr;
    case FLASH_SR:
        sr = flash->sr;
        flash->sr &= ~(uint32_t)BUSY; /* whoever starts something sees it under way once */
        return sr;
    case FLASH_CR:
        return flash->cr;
    case FLASH_OPTR:
        return OPTR_FACTORY;
    default:
        return 0;
    }
}

/* Errors that nobody cleared forbid the next operation. */
static bool may_begin(struct controller *flash, bool in_sequence)
{
    if (!in_sequence || (flash->sr & ERRORS) != 0u) {
        flash->sr |= PGSERR;
        return false;
    }
    return true;
}

static void began(struct controller *flash)
{
    flash->sr |= BUSY | ((flash->cr & CR_EOPIE) != 0u ? (uint32_t)EOP : 0u);
}

static void erase(struct controller *flash, uint32_t address, uint32_t bytes)
{
    uint8_t page[PAGE_BYTES];
    memset(page, ERASED, sizeof page);
    for (uint32_t at = 0; at < bytes; at += PAGE_BYTES) {
        flash->memory->write(address + at, page, PAGE_BYTES);
    }
}

static void start(struct controller *flash)
{
    const uint32_t cr = flash->cr;
    const bool page = (cr & CR_PER) != 0u, banks = (cr & (CR_MER1 | CR_MER2)) != 0u;
    if (!may_begin(flash, page != banks && (cr & CR_PG) == 0u)) {
        return;
    }
    if (page) {
        const uint32_t bank = (cr & CR_BANK2) != 0u ? BANK_BYTES : 0u;
        erase(flash, FLASH_START + bank + (cr >> CR_PAGE_SHIFT & CR_PAGE) * PAGE_BYTES, PAGE_BYTES);
    }
    if ((cr & CR_MER1) != 0u) {
        erase(flash, FLASH_START, BANK_BYTES);
    }
    if ((cr & CR_MER2) != 0u) {
        erase(flash, FLASH_START + BANK_BYTES, BANK_BYTES);
    }
    began(flash);
}

static void take_key(struct controller *flash, uint32_t key)
{
    if ((flash->cr & CR_LOCK) == 0u || flash->shut) {
        return;
    }
    if (!flash->half_open && key == KEY1) {
        flash->half_open = true;
    } else if (flash->half_open && key == KEY2) {
        flash->half_open = false;
        flash->cr &= ~CR_LOCK;
    } else {
        flash->shut = true;
    }
}

void controller_write(struct controller *flash, uint32_t offset, uint32_t value)
{
    switch (offset) {
    case FLASH_ACR:
        flash->acr = value;
        break;
    case FLASH_KEYR:
        take_key(flash, value);
        break;
    case FLASH_SR: /* a one clears */
        flash->sr &= ~(value & (ERRORS | EOP));
        break;
    case FLASH_CR:
        if ((flash->cr & CR_LOCK) == 0u) {
            flash->cr = (value & CR_WRITABLE) | CR_OPTLOCK;
            if ((value & CR_START) != 0u) {
                start(flash);
            }
        }
        break;
    default:
        break;
    }
}

static void program(struct controller *flash, uint32_t address, const uint32_t words[2])
{
    uint8_t held[DOUBLE_WORD], erased[DOUBLE_WORD];
    memset(erased, ERASED, sizeof erased);
    flash->memory->read(address, held, DOUBLE_WORD);
    if (memcmp(held, erased, DOUBLE_WORD) != 0 && (words[0] | words[1]) != 0u) {
        flash->sr |= PROGERR;
        return;
    }
    flash->memory->write(address, (const uint8_t *)words, DOUBLE_WORD);
    began(flash);
}

void controller_store(struct controller *flash, uint32_t address, uint32_t value, uint32_t bytes)
{
    const bool second = flash->half_full;
    flash->half_full = false;
    if (!may_begin(flash, (flash->cr & CR_PG) != 0u)) {
        return;
    }
    if (bytes != sizeof value) {
        flash->sr |= SIZERR;
    } else if (second ? address != flash->first_at + sizeof value : address % DOUBLE_WORD != 0u) {
        flash->sr |= PGAERR;
    } else if (second) {
        program(flash, flash->first_at, (const uint32_t[]){flash->first, value});
    } else {
        flash->half_full = true;
        flash->first_at = address;
        flash->first = value;
    }
}
