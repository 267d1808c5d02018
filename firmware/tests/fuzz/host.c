#include "host.h"

#include "wire.h"

#include "../../runtime/wire.h"

#include <string.h>

/* Say its own words again: somebody may have written there. */
static void tell(const struct host *host)
{
    host->rings->down_put = host->put;
    host->rings->up_taken = host->taken;
    host->rings->host_generation = host->generation;
}

/* Whether there are rings; those of a new generation are empty. */
static int look(struct host *host)
{
    struct hil_rings *const rings = host->rings;
    if (rings->magic != HIL_RINGS_MAGIC) {
        return 0;
    }
    if (rings->down_bytes != HIL_RING_BYTES || rings->up_bytes != HIL_RING_BYTES) {
        rings->magic = 0; /* have them made anew */
        return 0;
    }
    if (!host->joined || rings->generation != host->generation) {
        host->joined = 1;
        host->generation = rings->generation;
        host->put = 0;
        host->taken = 0;
    }
    tell(host);
    return 1;
}

void host_join(struct host *host, struct hil_rings *rings, uint32_t before)
{
    host->rings = rings;
    (void)look(host);
    host->put = before;
    host->taken = before;
    rings->down_taken = before;
    rings->up_put = before;
    tell(host);
}

size_t host_put(struct host *host, const uint8_t *bytes, size_t length)
{
    struct hil_rings *const rings = host->rings;
    if (!look(host)) {
        return length; /* lost; what matters is sent again */
    }
    const uint32_t held = host->put - rings->down_taken;
    if (held > HIL_RING_BYTES) {
        rings->magic = 0;
        return length;
    }
    const size_t room = HIL_RING_BYTES - held;
    const size_t count = length < room ? length : room;
    for (size_t i = 0; i < count; i++) {
        rings->down[(host->put + i) % HIL_RING_BYTES] = bytes[i];
    }
    host->put += (uint32_t)count;
    tell(host);
    return count;
}

uint32_t host_take(struct host *host, uint32_t nonce)
{
    struct hil_rings *const rings = host->rings;
    if (!look(host)) {
        return nonce;
    }
    const uint32_t waiting = rings->up_put - host->taken;
    for (uint32_t i = 0; i < waiting && waiting <= HIL_RING_BYTES; i++) {
        size_t room = 0;
        *hil_receiver_space(&host->receiver, &room) = rings->up[(host->taken + i) % HIL_RING_BYTES];
        hil_receiver_add(&host->receiver, 1);
        struct hil_frame frame;
        while (hil_receiver_next(&host->receiver, &frame) != 0) {
            nonce = frame.type == HIL_PONG && frame.length >= 4u ? get32(frame.payload) : nonce;
            hil_receiver_drop(&host->receiver);
        }
    }
    host->taken += waiting; /* more than fits is not the device's: go on behind it */
    tell(host);
    return nonce;
}
