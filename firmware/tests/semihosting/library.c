/* The drivers' files and memory. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "semihosting.h"
#include "stack_use.h"
#include "tests/kernels/target.h"

/* PSRAM of the mps2-an386, which the link script leaves alone. */
#define HEAP_LOW 0x21000000u
#define HEAP_HIGH 0x22000000u

#define NAN_WORD 0x7FC17FC1u /* a NaN, and two large int16: what is read outside an array spoils the answer */
#define GUARD_BYTES 16u
#define DAMAGED 7

struct semihosting_file {
    const char *name;
    enum semihosting_mode mode;
    bool opened;
    int32_t handle;
};

static struct semihosting_file request = {"request", SEMIHOSTING_READ, false, -1};
static struct semihosting_file answer = {"answer", SEMIHOSTING_WRITE, false, -1};

FILE *const stdin = &request;
FILE *const stdout = &answer;

static bool ready(struct semihosting_file *file)
{
    if (!file->opened) {
        file->handle = semihosting_open(file->name, file->mode);
        file->opened = true;
    }
    return file->handle >= 0;
}

size_t fread(void *to, size_t size, size_t count, FILE *file)
{
    return ready(file) && size != 0 ? semihosting_read(file->handle, to, size * count) / size : 0;
}

size_t fwrite(const void *from, size_t size, size_t count, FILE *file)
{
    return ready(file) && size != 0 ? semihosting_write(file->handle, from, size * count) / size : 0;
}

void exit(int code)
{
    stack_use_report();
    semihosting_exit(code);
}

/* A block is a header, a guard, the memory and a guard, one after the other. All start anew when none is in use, which
 * is between two cases. */
struct header {
    size_t bytes;
    uint8_t guard[GUARD_BYTES];
};

static uintptr_t heap_end = HEAP_LOW;
static size_t blocks;

static void fill(uint8_t *from, const uint8_t *to)
{
    const uint32_t word = NAN_WORD;
    for (; from < to; from++) {
        *from = (uint8_t)(word >> ((uintptr_t)from % sizeof word * 8u));
    }
}

static bool intact(const uint8_t *from, const uint8_t *to)
{
    const uint32_t word = NAN_WORD;
    while (from < to && *from == (uint8_t)(word >> ((uintptr_t)from % sizeof word * 8u))) {
        from++;
    }
    return from == to;
}

/* The largest power of two up to 8 that divides both size and address: what its elements may ask for, no more. */
static uintptr_t placed(uintptr_t from, size_t bytes)
{
    const uintptr_t aligned = (from + 7u) & ~(uintptr_t)7u;
    const size_t odd = bytes % 8u;
    return odd == 0 ? aligned : aligned + (odd & (~odd + 1u));
}

static void *allocate(uintptr_t at, size_t bytes)
{
    if (bytes > HEAP_HIGH - HEAP_LOW || at + bytes + GUARD_BYTES > HEAP_HIGH) {
        return NULL;
    }
    uint8_t *const memory = (uint8_t *)at;
    fill((uint8_t *)heap_end, memory + bytes + GUARD_BYTES);
    memcpy(memory - sizeof(struct header), &bytes, sizeof bytes);
    heap_end = at + bytes + GUARD_BYTES;
    blocks++;
    return memory;
}

void *malloc(size_t bytes)
{
    return allocate(placed(heap_end + sizeof(struct header), bytes), bytes);
}

void *aligned_memory(size_t bytes)
{
    /* The worst that is allowed: aligned to 4, not to 8. */
    return allocate(placed(heap_end + sizeof(struct header), 4), bytes);
}

void free(void *memory)
{
    if (memory == NULL) {
        return;
    }
    const uint8_t *const at = memory;
    size_t bytes;
    memcpy(&bytes, at - sizeof(struct header), sizeof bytes);
    if (blocks == 0 || bytes > HEAP_HIGH - HEAP_LOW || !intact(at - GUARD_BYTES, at) ||
        !intact(at + bytes, at + bytes + GUARD_BYTES)) {
        semihosting_say_hex("memory was written outside of an array of", (uint32_t)bytes);
        semihosting_say(" bytes\n");
        semihosting_exit(DAMAGED);
    }
    blocks--;
    if (blocks == 0) {
        heap_end = HEAP_LOW;
    }
}
