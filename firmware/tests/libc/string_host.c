/* Compares libc/string.c, its functions renamed to hil_*, with the system's at every alignment and small length.
 * tests/unit/build drives it. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *hil_memcpy(void *restrict to, const void *restrict from, size_t count);
void *hil_memmove(void *to, const void *from, size_t count);
void *hil_memset(void *to, int value, size_t count);
void *hil_memchr(const void *in, int value, size_t count);
int hil_memcmp(const void *left, const void *right, size_t count);
size_t hil_strlen(const char *text);

enum { MOST = 24, OFFSETS = 9, ROOM = MOST + 2 * OFFSETS };

static uint8_t expected[ROOM], got[ROOM], source[ROOM];

static void require(int truth, int line)
{
    if (!truth) {
        fprintf(stderr, "line %d differs\n", line);
        exit(1);
    }
}

#define REQUIRE(truth) require(truth, __LINE__)

static void fill(void)
{
    for (size_t i = 0; i < ROOM; i++) {
        expected[i] = got[i] = (uint8_t)(i * 7u + 1u);
        source[i] = (uint8_t)(255u - i * 5u);
    }
}

static int sign(int value)
{
    return (value > 0) - (value < 0);
}

static void compare_at(size_t to, size_t from, size_t count)
{
    fill();
    memcpy(expected + to, source + from, count);
    REQUIRE(hil_memcpy(got + to, source + from, count) == got + to);
    REQUIRE(memcmp(expected, got, ROOM) == 0);

    fill();
    memmove(expected + to, expected + from, count);
    REQUIRE(hil_memmove(got + to, got + from, count) == got + to);
    REQUIRE(memcmp(expected, got, ROOM) == 0);

    fill();
    memset(expected + to, 0x1A5, count);
    REQUIRE(hil_memset(got + to, 0x1A5, count) == got + to);
    REQUIRE(memcmp(expected, got, ROOM) == 0);

    fill();
    for (size_t at = 0; at < ROOM; at++) {
        REQUIRE(hil_memchr(source + from, source[at], count) == memchr(source + from, source[at], count));
    }
    memcpy(got + to, source + from, count);
    REQUIRE(hil_memcmp(got + to, source + from, count) == 0);
    if (count > 0) {
        got[to + count - 1u] ^= 0x80u;
        REQUIRE(hil_memcmp(got + to, source + from, count) == sign(memcmp(got + to, source + from, count)));
        source[from + count - 1u] = 0;
        memset(source + from, 1, count - 1u);
        REQUIRE(hil_strlen((const char *)source + from) == count - 1u);
    }
}

int main(void)
{
    for (size_t to = 0; to < OFFSETS; to++) {
        for (size_t from = 0; from < OFFSETS; from++) {
            for (size_t count = 0; count <= MOST; count++) {
                compare_at(to, from, count);
            }
        }
    }
    return 0;
}
