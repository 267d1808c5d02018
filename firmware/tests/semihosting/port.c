/* The board's own start and fault code, with a test driver's main behind it and the host instead of the link. */
#include "boards/qemu_mps2_an386/board.h"
#include "cortex_m/fault.h"
#include "cortex_m/memory.h"
#include "cortex_m/start.h"

#include <stdlib.h>

#include "runtime/runtime.h"
#include "semihosting.h"

#define FAULTED 70

int main(void);

const struct hil_port *board_port;

void board_main(void)
{
    exit(main());
}

void hil_runtime_fault(const struct hil_port *port, const struct hil_fault *fault)
{
    (void)port;
    semihosting_say_hex("fault: pc", fault->pc);
    semihosting_say_hex(" lr", fault->lr);
    semihosting_say_hex(" cfsr", fault->cfsr);
    semihosting_say_hex(" hfsr", fault->hfsr);
    semihosting_say_hex(" mmfar", fault->mmfar);
    semihosting_say_hex(" bfar", fault->bfar);
    semihosting_say_hex(" sp", fault->sp);
    semihosting_say("\n");
    semihosting_exit(FAULTED);
}

/* No interrupt is ever enabled. */
void SysTick_Handler(void)
{
}

void PendSV_Handler(void)
{
}

void UART0_RX_Handler(void)
{
}
