/* The runtime: speaks the protocol of ../PROTOCOL.md over a port and calls the model. */
#ifndef HIL_RUNTIME_H
#define HIL_RUNTIME_H

#include "model.h"
#include "port.h"

#define HIL_PROTOCOL_VERSION 2u

/* Registers at a fault; 0 where the board cannot tell. */
struct hil_fault {
    uint32_t pc;
    uint32_t lr;
    uint32_t xpsr;
    uint32_t cfsr;
    uint32_t hfsr;
    uint32_t mmfar;
    uint32_t bfar;
    uint32_t sp;
};

/* Says READY and serves the host for ever. Call it once, with interrupts enabled. */
void hil_runtime_run(const struct hil_port *port, const struct hil_model *model) __attribute__((noreturn));

/* Reports a fault to the host. For fault handlers: needs no interrupt and little stack. */
void hil_runtime_fault(const struct hil_port *port, const struct hil_fault *fault);

#endif
