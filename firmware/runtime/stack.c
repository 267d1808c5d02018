#include "stack.h"

#define PAINT 0x5AC3A53Cu
#define OWN_FRAME 64u /* left alone below the frame address: this function's own frame */

/* The stack is read and written as words through its symbols; no C object lies there. */
typedef volatile uint32_t word;

void hil_stack_paint(const struct hil_port *port)
{
    if (port->stack_low == NULL) {
        return;
    }
    const uintptr_t end = (uintptr_t)__builtin_frame_address(0) - OWN_FRAME;
    for (uintptr_t at = (uintptr_t)port->stack_low; at < end; at += sizeof(word)) {
        *(word *)at = PAINT;
    }
}

uint32_t hil_stack_peak(const struct hil_port *port)
{
    if (port->stack_low == NULL) {
        return 0;
    }
    uintptr_t at = (uintptr_t)port->stack_low;
    while (at < (uintptr_t)port->stack_high && *(const word *)at == PAINT) {
        at += sizeof(word);
    }
    return (uint32_t)((uintptr_t)port->stack_high - at);
}

uint32_t hil_stack_now(const struct hil_port *port)
{
    if (port->stack_low == NULL) {
        return 0;
    }
    return (uint32_t)((uintptr_t)port->stack_high - (uintptr_t)__builtin_frame_address(0));
}
