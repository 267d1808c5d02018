/* What the fuzz targets know of frames by themselves: nothing here calls the code that they test. */
#ifndef HIL_TESTS_FUZZ_WIRE_H
#define HIL_TESTS_FUZZ_WIRE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define OVERHEAD 12u

/* What the fuzzer wants done, byte after byte; behind its end there are zeros. */
struct script {
    const uint8_t *at;
    const uint8_t *end;
};

static inline uint32_t take8(struct script *script)
{
    return script->at < script->end ? *script->at++ : 0u;
}

static inline uint32_t take16(struct script *script)
{
    const uint32_t low = take8(script);
    return low | take8(script) << 8;
}

static inline uint32_t take32(struct script *script)
{
    const uint32_t low = take16(script);
    return low | take16(script) << 16;
}

/* A promise that does not hold: libFuzzer reports it and keeps the input. */
#define REQUIRE(holds, ...) \
    do { \
        if (!(holds)) { \
            (void)fprintf(stderr, "broken: " __VA_ARGS__); \
            (void)fputc('\n', stderr); \
            abort(); \
        } \
    } while (0)

static inline uint32_t get16(const uint8_t *at)
{
    return at[0] | (uint32_t)at[1] << 8;
}

static inline uint32_t get32(const uint8_t *at)
{
    return get16(at) | get16(at + 2) << 16;
}

static inline uint8_t *put16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
    return at + 2;
}

static inline uint8_t *put32(uint8_t *at, uint32_t value)
{
    return put16(put16(at, value), value >> 16);
}

static inline uint8_t check8(const uint8_t *bytes, size_t length)
{
    uint32_t crc = 0;
    for (size_t i = 0; i < length; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc & 0x80u) != 0u ? (crc << 1 ^ 0x07u) & 0xFFu : crc << 1;
        }
    }
    return (uint8_t)crc;
}

static inline uint32_t check32(const uint8_t *bytes, size_t length)
{
    static uint32_t table[256];
    if (table[1] == 0u) {
        for (uint32_t byte = 0; byte < 256u; byte++) {
            uint32_t crc = byte;
            for (int bit = 0; bit < 8; bit++) {
                crc = (crc & 1u) != 0u ? crc >> 1 ^ 0xEDB88320u : crc >> 1;
            }
            table[byte] = crc;
        }
    }
    uint32_t crc = 0xFFFFFFFFu;
    for (size_t i = 0; i < length; i++) {
        crc = crc >> 8 ^ table[(crc ^ bytes[i]) & 0xFFu];
    }
    return ~crc;
}

/* Put header and check around a payload that lies at frame + 8; returns the whole length. */
static inline size_t seal(uint8_t *frame, uint32_t type, uint32_t seq, size_t length)
{
    frame[0] = 0xA5u;
    frame[1] = 0x5Au;
    frame[2] = (uint8_t)type;
    (void)put16(&frame[3], seq);
    (void)put16(&frame[5], (uint32_t)length);
    frame[7] = check8(&frame[2], 5);
    (void)put32(&frame[8u + length], check32(&frame[2], 6u + length));
    return length + OVERHEAD;
}

/* The length of the frame that bytes begin with; 0 when they begin with none. */
static inline size_t frame_at(const uint8_t *bytes, size_t length, size_t most)
{
    if (length < OVERHEAD || bytes[0] != 0xA5u || bytes[1] != 0x5Au || bytes[7] != check8(&bytes[2], 5)) {
        return 0;
    }
    const size_t payload = get16(&bytes[5]);
    if (payload > most || length < payload + OVERHEAD) {
        return 0;
    }
    return get32(&bytes[8u + payload]) == check32(&bytes[2], 6u + payload) ? payload + OVERHEAD : 0u;
}

#endif
