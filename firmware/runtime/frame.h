/* Frames, as ../PROTOCOL.md specifies them: building one, and finding them in a stream that may be damaged. */
#ifndef HIL_FRAME_H
#define HIL_FRAME_H

#include <stddef.h>
#include <stdint.h>

#define HIL_FRAME_HEADER 8u
#define HIL_FRAME_TRAILER 4u
#ifndef HIL_FRAME_PAYLOAD_MAX
#define HIL_FRAME_PAYLOAD_MAX 2048u /* a board short of RAM may define it smaller, 256 at least */
#endif
#define HIL_FRAME_MAX (HIL_FRAME_HEADER + HIL_FRAME_PAYLOAD_MAX + HIL_FRAME_TRAILER)

struct hil_frame {
    uint8_t type;
    uint16_t seq;
    uint16_t length;
    const uint8_t *payload;
};

/* The receiver: bytes[start] to bytes[end - 1] may still become a frame. Zero it before use. */
struct hil_receiver {
    uint8_t bytes[HIL_FRAME_MAX];
    size_t start;
    size_t end;
    size_t need;      /* bytes that the frame at start is known to have; 0: not known yet */
    int searching;    /* bytes were given up, and no whole frame has come since */
    uint32_t damaged; /* stretches, from such a byte to the next whole frame */
};

/* Room for more bytes at the receiver's end: at least 1 byte after hil_receiver_next returned 0. */
uint8_t *hil_receiver_space(struct hil_receiver *receiver, size_t *room);

/* Count bytes that were written to the space. */
void hil_receiver_add(struct hil_receiver *receiver, size_t count);

/* 1 and the first whole frame, whose payload stays valid until hil_receiver_drop; 0 when more bytes are needed. */
int hil_receiver_next(struct hil_receiver *receiver, struct hil_frame *frame);

/* Forget the frame that hil_receiver_next found. */
void hil_receiver_drop(struct hil_receiver *receiver);

/* Complete a frame whose payload already lies at frame + HIL_FRAME_HEADER; returns its whole length. */
size_t hil_frame_seal(uint8_t *frame, uint8_t type, uint16_t seq, uint16_t length);

/* Little-endian fields. */
uint16_t hil_get16(const uint8_t *at);
uint32_t hil_get32(const uint8_t *at);
uint8_t *hil_put16(uint8_t *at, uint16_t value);
uint8_t *hil_put32(uint8_t *at, uint32_t value);

#endif
