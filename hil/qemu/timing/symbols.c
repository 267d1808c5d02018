/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbols.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define HANDLERS_MOST 512u

struct symbol {
    uint32_t address;
    uint32_t size;
    char *name;
};

static struct {
    struct symbol *all;
    size_t count;
    size_t room;
    struct {
        uint32_t address;
        enum entry entry;
    } handlers[HANDLERS_MOST];
    uint32_t initial_sp;
    size_t handler_count;
    uint64_t content; /* a hash of the file */
    struct stat read_from;
} table;

static void forget(void)
{
    for (size_t i = 0; i < table.count; i++) {
        free(table.all[i].name);
    }
    table.count = 0;
    table.handler_count = 0;
    table.initial_sp = 0;
}

static void add(uint32_t address, uint32_t size, const char *name)
{
    if (table.count == table.room) {
        const size_t room = table.room == 0u ? 256u : 2u * table.room;
        struct symbol *const larger = realloc(table.all, room * sizeof *larger);
        if (larger == NULL) {
            return;
        }
        table.all = larger;
        table.room = room;
    }
    char *const copy = strdup(name);
    if (copy != NULL) {
        table.all[table.count++] = (struct symbol){address, size, copy};
    }
}

static int by_address(const void *left, const void *right)
{
    const struct symbol *const a = left, *const b = right;
    return a->address < b->address ? -1 : a->address > b->address;
}

static enum entry entry_of(const char *word)
{
    return strcmp(word, "handler") == 0     ? ENTRY_HANDLER
           : strcmp(word, "interrupt") == 0 ? ENTRY_INTERRUPT
           : strcmp(word, "reset") == 0     ? ENTRY_RESET
                                            : ENTRY_NONE;
}

static void take_line(char *line)
{
    char *save = NULL;
    const char *const what = strtok_r(line, " \n", &save), *const address = strtok_r(NULL, " \n", &save);
    if (what == NULL || address == NULL) {
        return;
    }
    const uint32_t at = (uint32_t)strtoul(address, NULL, 16);
    const enum entry entry = entry_of(what);
    if (entry != ENTRY_NONE && table.handler_count < HANDLERS_MOST) {
        table.handlers[table.handler_count].address = at;
        table.handlers[table.handler_count++].entry = entry;
        const char *const sp = strtok_r(NULL, " \n", &save);
        if (entry == ENTRY_RESET && sp != NULL) {
            table.initial_sp = (uint32_t)strtoul(sp, NULL, 16);
        }
    } else if (strcmp(what, "function") == 0) {
        const char *const size = strtok_r(NULL, " \n", &save), *const name = strtok_r(NULL, "\n", &save);
        if (size != NULL && name != NULL) {
            add(at, (uint32_t)strtoul(size, NULL, 16), name);
        }
    }
}

/* Of a whole file; 0 when there is none. */
static uint64_t hash_of(const char *path)
{
    FILE *const file = fopen(path, "r");
    uint64_t hash = file == NULL ? 0 : 0xCBF29CE484222325u;
    for (int byte; file != NULL && (byte = getc(file)) != EOF;) {
        hash = (hash ^ (uint64_t)byte) * 0x100000001B3u;
    }
    if (file != NULL) {
        fclose(file);
    }
    return hash;
}

bool symbols_refresh(const char *path)
{
    struct stat now;
    if (path == NULL) {
        return false;
    }
    if (stat(path, &now) != 0) {
        memset(&now, 0, sizeof now);
    }
    const struct stat *const old = &table.read_from;
    if (now.st_ino == old->st_ino && now.st_size == old->st_size && now.st_mtim.tv_sec == old->st_mtim.tv_sec &&
        now.st_mtim.tv_nsec == old->st_mtim.tv_nsec) {
        return false;
    }
    table.read_from = now;
    const uint64_t content = hash_of(path);
    if (content == table.content) {
        return false;
    }
    table.content = content;
    forget();
    FILE *const file = fopen(path, "r");
    if (file == NULL) {
        return true;
    }
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, file) >= 0) {
        take_line(line);
    }
    free(line);
    fclose(file);
    if (table.count > 0u) {
        qsort(table.all, table.count, sizeof *table.all, by_address);
    }
    return true;
}

int32_t symbols_find(uint32_t address)
{
    size_t low = 0, high = table.count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2u;
        if (table.all[middle].address <= address) {
            low = middle + 1u;
        } else {
            high = middle;
        }
    }
    if (low == 0u) {
        return -1;
    }
    const struct symbol *const found = &table.all[low - 1u];
    return address - found->address < found->size ? (int32_t)(low - 1u) : -1;
}

bool symbols_begins(int32_t index, uint32_t address)
{
    return index >= 0 && table.all[index].address == address;
}

const char *symbols_name(int32_t index)
{
    return index < 0 ? "?" : table.all[index].name;
}

enum entry symbols_entry(uint32_t address)
{
    for (size_t i = 0; i < table.handler_count; i++) {
        if (table.handlers[i].address == address) {
            return table.handlers[i].entry;
        }
    }
    return ENTRY_NONE;
}

uint32_t symbols_initial_sp(void)
{
    return table.initial_sp;
}
