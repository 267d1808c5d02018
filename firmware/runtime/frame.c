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
    receiver->end -= receiver->start;
    memmove(receiver->bytes, &receiver->bytes[receiver->start], receiver->end);
    receiver->start = 0;
    *room = HIL_FRAME_MAX - receiver->end;
    return &receiver->bytes[receiver->end];
}

void hil_receiver_add(struct hil_receiver *receiver, size_t count)
{
    receiver->end += count;
}

/* Between frames zeros mean nothing: the host sends them to end a half frame. */
static void skip_zeros(struct hil_receiver *receiver)
{
    while (receiver->start < receiver->end && receiver->bytes[receiver->start] == 0u) {
        receiver->start++;
    }
}

/* Give up the first byte and everything up to where the next frame may start. */
static void resynchronise(struct hil_receiver *receiver)
{
    const uint8_t *const bytes = receiver->bytes;
    const size_t end = receiver->end;
    size_t at = receiver->start + 1u;
    while (at < end && (bytes[at] != SYNC_0 || (at + 1u < end && bytes[at + 1u] != SYNC_1))) {
        at++;
    }
    receiver->start = at;
    receiver->need = 0;
    receiver->damaged += receiver->searching == 0;
    receiver->searching = 1;
}

enum look { WHOLE, PARTIAL, WRONG };

static enum look look_at_header(struct hil_receiver *receiver)
{
    const uint8_t *const bytes = &receiver->bytes[receiver->start];
    const size_t used = receiver->end - receiver->start;
    if ((used >= 1u && bytes[0] != SYNC_0) || (used >= 2u && bytes[1] != SYNC_1)) {
        return WRONG;
    }
    if (used < HIL_FRAME_HEADER) {
        return PARTIAL;
    }
    const uint16_t length = hil_get16(&bytes[5]);
    if (hil_crc8(&bytes[CHECKED_FROM], 5) != bytes[7] || length > HIL_FRAME_PAYLOAD_MAX) {
        return WRONG;
    }
    receiver->need = HIL_FRAME_HEADER + (size_t)length + HIL_FRAME_TRAILER;
    return WHOLE;
}

static enum look look(struct hil_receiver *receiver, struct hil_frame *frame)
{
    if (receiver->need == 0u) {
        skip_zeros(receiver);
        const enum look header = look_at_header(receiver);
        if (header != WHOLE) {
            return header;
        }
    }
    if (receiver->end - receiver->start < receiver->need) {
        return PARTIAL;
    }
    const uint8_t *const bytes = &receiver->bytes[receiver->start];
    const size_t checked = receiver->need - HIL_FRAME_TRAILER;
    if (hil_crc32(0, &bytes[CHECKED_FROM], checked - CHECKED_FROM) != hil_get32(&bytes[checked])) {
        return WRONG;
    }
    *frame = (struct hil_frame){
        .type = bytes[2],
        .seq = hil_get16(&bytes[3]),
        .length = hil_get16(&bytes[5]),
        .payload = &bytes[HIL_FRAME_HEADER],
    };
    return WHOLE;
}

int hil_receiver_next(struct hil_receiver *receiver, struct hil_frame *frame)
{
    for (;;) {
        switch (look(receiver, frame)) {
        case WHOLE:
            receiver->searching = 0;
            return 1;
        case PARTIAL:
            return 0;
        case WRONG:
            resynchronise(receiver);
        }
    }
}

void hil_receiver_drop(struct hil_receiver *receiver)
{
    receiver->start += receiver->need;
    receiver->need = 0;
}
