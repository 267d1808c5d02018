/* What timing_overhead.py runs: loops of few and of many instructions, calls, bytes and words. */
#include <stdint.h>

#define ROUNDS 4000

extern const uint32_t stack_top[];
void reset(void) __attribute__((noreturn));

struct vectors {
    const void *sp;
    void (*reset)(void);
};

__attribute__((section(".vectors"), used)) const struct vectors vectors = {stack_top, reset};

static uint32_t matrix[64 * 64], vector[64], product[64];
static uint8_t bytes[4096];
volatile uint32_t result;

__attribute__((noinline)) static void multiply(void)
{
    for (int row = 0; row < 64; row++) {
        uint32_t sum = 0;
        for (int column = 0; column < 64; column++) {
            sum += matrix[row * 64 + column] * vector[column];
        }
        product[row] = sum;
    }
}

__attribute__((noinline)) static uint32_t checksum(void)
{
    uint32_t crc = UINT32_MAX;
    for (int at = 0; at < 4096; at++) {
        crc ^= bytes[at];
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ (0xEDB88320u & (0u - (crc & 1u)));
        }
    }
    return crc;
}

__attribute__((noinline)) static void sort(void)
{
    for (int from = 1; from < 256; from++) {
        const uint8_t moved = bytes[from];
        int to = from;
        for (; to > 0 && bytes[to - 1] > moved; to--) {
            bytes[to] = bytes[to - 1];
        }
        bytes[to] = moved;
    }
}

__attribute__((noinline)) static uint32_t fibonacci(uint32_t number)
{
    return number < 2u ? number : fibonacci(number - 1u) + fibonacci(number - 2u);
}

void reset(void)
{
    uint32_t seed = 1;
    for (int round = 0; round < ROUNDS; round++) {
        for (int at = 0; at < 4096; at++) {
            seed = seed * 1664525u + 1013904223u;
            bytes[at] = (uint8_t)(seed >> 24);
            matrix[at] = seed;
        }
        for (int times = 0; times < 8; times++) {
            vector[times] = seed;
            multiply();
            result += product[times];
        }
        sort();
        result += checksum() + fibonacci(16);
    }
    register uint32_t operation __asm("r0") = 0x18, reason __asm("r1") = 0x20026; /* SYS_EXIT, finished */
    __asm volatile("bkpt 0xab" ::"r"(operation), "r"(reason));
    for (;;) {
    }
}
