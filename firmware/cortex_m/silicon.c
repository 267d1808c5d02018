#include "silicon.h"

#include "../runtime/model.h"
#include "../runtime/runtime.h"
#include "counter.h"
#include "fault.h"
#include "memory.h"
#include "start.h"

extern const uint8_t _stack_low[], _stack_high[];

static struct hil_port port = {
    .stack_low = _stack_low,
    .stack_high = _stack_high,
    .read = uart_read,
    .write = uart_write,
    .wait = uart_wait,
    .cycles = counter_read,
    .mask = counter_mask,
    .unmask = counter_unmask,
    .align = counter_align,
    .gpio = pin_put,
};
const struct hil_port *board_port = &port;

void board_main(void)
{
    port.kind = silicon.kind;
    port.clock_hz = clock_init();
    port.counter_hz = silicon.counter_hz != 0u ? silicon.counter_hz : port.clock_hz;
    port.counter = (uint8_t)counter_init();
    pin_init();
    if (memory_begin(silicon.rings, NULL)) { /* through the debug probe, which looks by itself */
        port.rx_window = HIL_RING_BYTES;
        port.read = memory_read;
        port.write = memory_write;
        port.wait = memory_wait;
    } else {
        port.rx_window = silicon.rx_window;
        uart_init(port.clock_hz);
    }
    hil_runtime_run(board_port, &hil_model);
}
