/* The two checks of a frame. */
#ifndef HIL_CRC_H
#define HIL_CRC_H

#include <stddef.h>
#include <stdint.h>

/* CRC-8, polynomial 0x07, initial value 0, not reflected (CRC-8/SMBUS). */
uint8_t hil_crc8(const uint8_t *bytes, size_t length);

/* CRC-32 of IEEE 802.3 (CRC-32/ISO-HDLC, as zlib's); continue a sum by passing the last result, start with 0. */
uint32_t hil_crc32(uint32_t crc, const uint8_t *bytes, size_t length);

#endif
