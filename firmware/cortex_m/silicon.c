#include "silicon.h"

#include "../runtime/model.h"
#include "../runtime/runtime.h"
#include "memory.h"

void silicon_run(struct hil_port *port, struct hil_rings *rings)
{
    port->clock_hz = clock_init();
    if (port->counter_hz == 0u) {
        port->counter_hz = port->clock_hz;
    }
    port->counter = (uint8_t)counter_init();
    pin_init();
    if (memory_begin(rings, NULL)) { /* the probe looks by itself */
        port->rx_window = HIL_RING_BYTES;
        port->read = memory_read;
        port->write = memory_write;
        port->wait = memory_wait;
    } else {
        uart_init(port->clock_hz);
    }
    hil_runtime_run(port, &hil_model);
}
