/* Peak stack by painting: fill what is unused, later see how far it was overwritten. */
#ifndef HIL_STACK_H
#define HIL_STACK_H

#include "port.h"

/* Paint everything below the caller's frame. Bytes that a function reserves and never writes stay painted. */
void hil_stack_paint(const struct hil_port *port);

/* Bytes of the stack used at the deepest since it was painted, from its high end; 0 where the port has none. */
uint32_t hil_stack_peak(const struct hil_port *port);

/* Bytes of the stack in use now, from its high end; 0 where the port has none. */
uint32_t hil_stack_now(const struct hil_port *port);

#endif
