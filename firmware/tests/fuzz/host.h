/* A host that follows PROTOCOL.md, on the other side of the rings. */
#ifndef HIL_TESTS_FUZZ_HOST_H
#define HIL_TESTS_FUZZ_HOST_H

#include "../../runtime/frame.h"
#include "../../runtime/rings.h"

struct host {
    struct hil_rings *rings;
    int joined; /* it has seen rings */
    uint32_t generation;
    uint32_t put;
    uint32_t taken;
    struct hil_receiver receiver;
};

/* Make rings that the device finds as after `before` bytes in either direction; the device has started. */
void host_join(struct host *host, struct hil_rings *rings, uint32_t before);

/* Put as many of the bytes as there is room for; returns how many need no further care: all, where the rings are gone. */
size_t host_put(struct host *host, const uint8_t *bytes, size_t length);

/* Take what the device has put; returns the nonce of the last PONG among it, or `nonce`. */
uint32_t host_take(struct host *host, uint32_t nonce);

#endif
