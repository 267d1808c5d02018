/* A chip on the host: its registers hold what was written to them, and every write is told, in its order.
 *
 * KIND_chip.c says how the chip's registers begin, and which do more than to hold. Arguments of the program name what
 * the chip lacks, or what does not get ready. */
#ifndef HIL_CHIP_H
#define HIL_CHIP_H

#include <stdint.h>

struct chip_register {
    uint32_t address;
    uint32_t value;
};

/* The kind's: all that do not begin as 0, and an address 0 behind them. */
extern const struct chip_register chip_begin[];
/* The kind's: what the register at `address`, which holds `value`, is read as, and holds from then on. */
uint32_t chip_reads(uint32_t address, uint32_t value);
/* The kind's: what it holds when `value` was written to it. */
uint32_t chip_holds(uint32_t address, uint32_t value);

/* The kind's, if it has one: what its reset handler does before RAM is filled. */
void chip_reset(void);

int chip_lacks(const char *what);
uint32_t chip_value(uint32_t address);
/* A register's value in which a flag follows its switch, at the second look, unless the chip lacks that. */
uint32_t chip_flag(uint32_t value, uint32_t on, uint32_t flag, const char *what);

#endif
