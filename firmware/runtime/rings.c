#include "rings.h"

#include <string.h>

_Static_assert(offsetof(struct hil_rings, down) == 64, "the host's side knows the layout");
_Static_assert(offsetof(union hil_rings_or_port, port.ring) == 64, "the port's ring leaves the words alone");
_Static_assert((HIL_RING_BYTES & (HIL_RING_BYTES - 1u)) == 0u, "counts wrap at 2^32, within a ring");

/* The other side runs at the same time. */
static uint32_t get(const uint32_t *word)
{
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static void put(uint32_t *word, uint32_t value)
{
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

/* What an earlier host sent is wiped: a count that somebody else wrote would have its vectors read once more, under
 * numbers that now mean others. */
static HIL_SMALL void make(struct hil_rings *rings)
{
    memset(rings->down, 0, sizeof rings->down);
    memset(rings->up, 0, sizeof rings->up);
    rings->down_bytes = HIL_RING_BYTES;
    rings->up_bytes = HIL_RING_BYTES;
    rings->down_taken = 0;
    rings->up_put = 0;
    put(&rings->generation, get(&rings->generation) + 1u);
    put(&rings->magic, HIL_RINGS_MAGIC);
}

/* Whoever reads or writes finds rings: a device that waits for room would never see that the host has wiped them. */
static HIL_SMALL void keep(struct hil_rings *rings)
{
    if (get(&rings->magic) != HIL_RINGS_MAGIC) {
        make(rings);
    }
}

/* A word of the host's; 0 until it has seen this generation. */
static uint32_t of_host(const struct hil_rings *rings, const uint32_t *word)
{
    return get(&rings->host_generation) == rings->generation ? get(word) : 0u;
}

int hil_rings_begin(struct hil_rings *rings)
{
    const int asked = get(&rings->host_magic) == HIL_RINGS_HOST;
    put(&rings->host_magic, 0); /* a host that is gone asks for nothing at the next start */
    put(&rings->waits, 0);
    put(&rings->magic, asked ? 0 : HIL_RINGS_NONE);
    if (asked) {
        make(rings);
    }
    return asked;
}

int hil_rings_pending(const struct hil_rings *rings)
{
    return get(&rings->magic) != HIL_RINGS_MAGIC || of_host(rings, &rings->down_put) != rings->down_taken;
}

void hil_rings_wait(struct hil_rings *rings, int waits)
{
    put(&rings->waits, waits ? 1u : 0u);
}

size_t hil_rings_read(struct hil_rings *rings, uint8_t *buffer, size_t capacity)
{
    keep(rings);
    const uint32_t taken = rings->down_taken;
    const uint32_t waiting = of_host(rings, &rings->down_put) - taken;
    if (waiting > HIL_RING_BYTES) { /* not the host's: go on behind it */
        put(&rings->down_taken, taken + waiting);
        return 0;
    }
    const size_t count = waiting < capacity ? waiting : capacity;
    const size_t at = taken % HIL_RING_BYTES;
    const size_t to_end = HIL_RING_BYTES - at;
    const size_t first = count < to_end ? count : to_end;
    memcpy(buffer, &rings->down[at], first);
    memcpy(buffer + first, rings->down, count - first);
    put(&rings->down_taken, taken + (uint32_t)count);
    return count;
}

size_t hil_rings_write(struct hil_rings *rings, const uint8_t *bytes, size_t length)
{
    keep(rings);
    const uint32_t done = rings->up_put;
    const uint32_t held = done - of_host(rings, &rings->up_taken);
    const size_t room = held < HIL_RING_BYTES ? HIL_RING_BYTES - held : 0;
    const size_t count = length < room ? length : room;
    const size_t at = done % HIL_RING_BYTES;
    const size_t to_end = HIL_RING_BYTES - at;
    const size_t first = count < to_end ? count : to_end;
    memcpy(&rings->up[at], bytes, first);
    memcpy(rings->up, bytes + first, count - first);
    put(&rings->up_put, done + (uint32_t)count);
    return count;
}
