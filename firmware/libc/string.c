#include "string.h"

#include <stdint.h>

/* Words that may overlay objects of any type. */
typedef uint32_t __attribute__((may_alias)) word;

#define WORD sizeof(word)

static size_t misalignment(const void *at)
{
    return (uintptr_t)at % WORD;
}

/* Upwards, so that it also serves memmove when the source lies above. */
static void copy_up(uint8_t *to, const uint8_t *from, size_t count)
{
    if (misalignment(to) == misalignment(from)) {
        for (; count > 0 && misalignment(to) != 0; count--) {
            *to++ = *from++;
        }
        for (; count >= WORD; count -= WORD) {
            *(word *)(void *)to = *(const word *)(const void *)from;
            to += WORD;
            from += WORD;
        }
    }
    for (; count > 0; count--) {
        *to++ = *from++;
    }
}

void *memcpy(void *restrict to, const void *restrict from, size_t count)
{
    copy_up(to, from, count);
    return to;
}

void *memmove(void *to, const void *from, size_t count)
{
    if ((uintptr_t)to <= (uintptr_t)from) {
        copy_up(to, from, count);
        return to;
    }
    uint8_t *const target = to;
    const uint8_t *const source = from;
    while (count > 0) {
        count--;
        target[count] = source[count];
    }
    return to;
}

void *memset(void *to, int value, size_t count)
{
    const uint8_t byte = (uint8_t)value;
    const word all = byte * 0x01010101u;
    uint8_t *at = to;
    for (; count > 0 && misalignment(at) != 0; count--) {
        *at++ = byte;
    }
    for (; count >= WORD; count -= WORD) {
        *(word *)(void *)at = all;
        at += WORD;
    }
    for (; count > 0; count--) {
        *at++ = byte;
    }
    return to;
}

void *memchr(const void *in, int value, size_t count)
{
    const uint8_t *at = in;
    for (; count > 0; count--, at++) {
        if (*at == (uint8_t)value) {
            return (void *)(uintptr_t)at;
        }
    }
    return NULL;
}

int memcmp(const void *left, const void *right, size_t count)
{
    const uint8_t *a = left;
    const uint8_t *b = right;
    for (; count > 0; count--, a++, b++) {
        if (*a != *b) {
            return *a < *b ? -1 : 1;
        }
    }
    return 0;
}

size_t strlen(const char *text)
{
    size_t length = 0;
    while (text[length] != '\0') {
        length++;
    }
    return length;
}
