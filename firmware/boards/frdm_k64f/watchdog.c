/* The watchdog, which the chip comes out of reset with: K64P144M120SF5RM, "Watchdog Timer".
 *
 * It resets the chip unless its unlocking begins within 256 cycles of the bus, the second word comes within 20 of the
 * first, and its configuration within 256 of that. */
#include "board.h"

#include "narrow.h"
#include "registers.h"

void watchdog_off(void)
{
    const uint32_t off = register_get16(WDOG_STCTRLH) & ~WDOG_STCTRLH_WDOGEN;
    register_put16(WDOG_UNLOCK, WDOG_UNLOCK_WDOGUNLOCK_FIRST);
    register_put16(WDOG_UNLOCK, WDOG_UNLOCK_WDOGUNLOCK_SECOND);
    register_put16(WDOG_STCTRLH, off);
}
