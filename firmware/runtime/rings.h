/* Two rings of bytes in memory that the host reaches as well: frames travel through them instead of a serial line.
 * What lies where, and who writes what, is specified in ../PROTOCOL.md, "Through memory". */
#ifndef HIL_RINGS_H
#define HIL_RINGS_H

#include <stddef.h>
#include <stdint.h>

#define HIL_SMALL __attribute__((cold)) /* flash matters more than speed: a frame costs far more than these */

#define HIL_RINGS_MAGIC 0x52494E47u
#define HIL_RINGS_NONE 0x4E4F4E45u
#define HIL_RINGS_HOST 0x484F5354u
#ifndef HIL_RING_BYTES /* a board with less memory says so in its flags.txt */
#define HIL_RING_BYTES 32768u /* a power of two; of each ring */
#endif

struct hil_rings {
    /* The device's words. */
    uint32_t magic;       /* HIL_RINGS_MAGIC while the rings stand, HIL_RINGS_NONE on the serial line */
    uint32_t generation;  /* another one each time that they were made */
    uint32_t down_bytes;  /* of the ring from the host */
    uint32_t up_bytes;    /* of the ring to the host */
    uint32_t down_taken;  /* bytes taken from the host, modulo 2^32 */
    uint32_t up_put;      /* bytes put for it */
    uint32_t waits;       /* 1 while it sleeps until bytes come, 0 while it works */
    uint32_t unused;
    /* The host's. */
    uint32_t host_magic;      /* HIL_RINGS_HOST: use the rings; written before the device starts, for one start */
    uint32_t host_generation; /* the generation that the two below are of */
    uint32_t down_put;
    uint32_t up_taken;
    uint32_t unused_too[4];
    uint8_t down[HIL_RING_BYTES];
    uint8_t up[HIL_RING_BYTES];
};

/* What a board with a serial port sets aside: one of the two is used, and the words tell which. */
union hil_rings_or_port {
    struct hil_rings rings;
    struct {
        uint32_t words[16];
        volatile uint8_t ring[2u * HIL_RING_BYTES];
    } port;
};

/* Make the rings if the host asks for them; 1 when it does. Call it once, when the device starts. */
HIL_SMALL int hil_rings_begin(struct hil_rings *rings);

/* Up to capacity bytes from the host; 0: none. Makes the rings anew when the host has wiped them. */
HIL_SMALL size_t hil_rings_read(struct hil_rings *rings, uint8_t *buffer, size_t capacity);

/* As many of the bytes as there is room for; 0: none until the host has taken some. Makes the rings anew likewise. */
HIL_SMALL size_t hil_rings_write(struct hil_rings *rings, const uint8_t *bytes, size_t length);

/* Whether hil_rings_read would have something to do. */
HIL_SMALL int hil_rings_pending(const struct hil_rings *rings);

/* Tell the host whether the device sleeps: one whose accesses slow it down waits for that. */
HIL_SMALL void hil_rings_wait(struct hil_rings *rings, int waits);

#endif
