/* A random number generator and the receiver fed in pieces, for the programs that test frames. */
#ifndef HIL_TESTS_LINK_STREAM_H
#define HIL_TESTS_LINK_STREAM_H

#include "../../runtime/frame.h"

#include <stdint.h>
#include <string.h>

/* Marsaglia's xorshift32; the state must not be 0. */
static inline uint32_t draw(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

typedef void on_frame(void *ctx, const struct hil_frame *frame);

/* Give the receiver all bytes as a port would, as many at a time as it has room for; 0 when it had no room. */
static inline int feed(struct hil_receiver *receiver, const uint8_t *bytes, size_t count, on_frame *take, void *ctx)
{
    while (count > 0u) {
        size_t room = 0;
        uint8_t *const space = hil_receiver_space(receiver, &room);
        if (room == 0u) {
            return 0;
        }
        const size_t now = count < room ? count : room;
        memcpy(space, bytes, now);
        hil_receiver_add(receiver, now);
        bytes += now;
        count -= now;
        struct hil_frame frame;
        while (hil_receiver_next(receiver, &frame) != 0) {
            take(ctx, &frame);
            hil_receiver_drop(receiver);
        }
    }
    return 1;
}

#endif
