#include "frame.h"

#include "crc.h"

#include <string.h>

#define SYNC_0 0xA5u
#define SYNC_1 0x5Au
#define CHECKED_FROM 2u /* the CRCs cover everything after the two sync bytes */

uint16_t hil_get16(const uint8_t *at)
{
    return (uint16_t)(at[0] | ((uint32_t)at[1] << 8));
}

uint32_t hil_get32(const uint8_t *at)
{
    return at[0] | ((uint32_t)at[1] << 8) | ((uint32_t)at[2] << 16) | ((uint32_t)at[3] << 24);
}

uint8_t *hil_put16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
    return at + 2;
}

uint8_t *hil_put32(uint8_t *at, uint32_t value)
{
    return hil_put16(hil_put16(at, (uint16_t)value), (uint16_t)(value >> 16));
}

size_t hil_frame_seal(uint8_t *frame, uint8_t type, uint16_t seq, uint16_t length)
{
    frame[0] = SYNC_0;
    frame[1] = SYNC_1;
    frame[2] = type;
    (void)hil_put16(&frame[3], seq);
    (void)hil_put16(&frame[5], length);
    frame[7] = hil_crc8(&frame[CHECKED_FROM], 5);
    uint8_t *const end = &frame[HIL_FRAME_HEADER + length];
    (void)hil_put32(end, hil_crc32(0, &frame[CHECKED_FROM], (size_t)(end - frame) - CHECKED_FROM));
    return HIL_FRAME_HEADER + (size_t)length + HIL_FRAME_TRAILER;
}

uint8_t *hil_receiver_space(struct hil_receiver *receiver, size_t *room)
{
    *room = HIL_FRAME_MAX - receiver->used;
    return &receiver->bytes[receiver->used];
}

void hil_receiver_add(struct hil_receiver *receiver, size_t count)
{
    receiver->used += count;
}

static void discard(struct hil_receiver *receiver, size_t count)
{
    receiver->used -= count;
    memmove(receiver->bytes, &receiver->bytes[count], receiver->used);
}

/* Give up the first byte and everything up to the next one that may start a frame. */
static void resynchronise(struct hil_receiver *receiver)
{
    const uint8_t *const next = memchr(&receiver->bytes[1], SYNC_0, receiver->used - 1u);
    discard(receiver, next != NULL ? (size_t)(next - receiver->bytes) : receiver->used);
    receiver->damaged++;
}

enum look { WHOLE, PARTIAL, WRONG };

static enum look look(const struct hil_receiver *receiver, struct hil_frame *frame)
{
    const uint8_t *const bytes = receiver->bytes;
    if (receiver->used >= 1u && bytes[0] != SYNC_0) {
        return WRONG;
    }
    if (receiver->used >= 2u && bytes[1] != SYNC_1) {
        return WRONG;
    }
    if (receiver->used < HIL_FRAME_HEADER) {
        return PARTIAL;
    }
    const uint16_t length = hil_get16(&bytes[5]);
    if (hil_crc8(&bytes[CHECKED_FROM], 5) != bytes[7] || length > HIL_FRAME_PAYLOAD_MAX) {
        return WRONG;
    }
    const size_t checked = HIL_FRAME_HEADER + (size_t)length;
    if (receiver->used < checked + HIL_FRAME_TRAILER) {
        return PARTIAL;
    }
    if (hil_crc32(0, &bytes[CHECKED_FROM], checked - CHECKED_FROM) != hil_get32(&bytes[checked])) {
        return WRONG;
    }
    *frame = (struct hil_frame){
        .type = bytes[2],
        .seq = hil_get16(&bytes[3]),
        .length = length,
        .payload = &bytes[HIL_FRAME_HEADER],
    };
    return WHOLE;
}

int hil_receiver_next(struct hil_receiver *receiver, struct hil_frame *frame)
{
    for (;;) {
        switch (look(receiver, frame)) {
        case WHOLE:
            return 1;
        case PARTIAL:
            return 0;
        case WRONG:
            resynchronise(receiver);
        }
    }
}

void hil_receiver_drop(struct hil_receiver *receiver, const struct hil_frame *frame)
{
    discard(receiver, HIL_FRAME_HEADER + (size_t)frame->length + HIL_FRAME_TRAILER);
}
