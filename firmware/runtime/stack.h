/* Peak stack by painting: fill what is unused, later see how far it was overwritten.
 *
 * All of it is inlined into the caller, so that nothing lies below the caller's SP and every byte down there may be
 * painted. Bytes that a function reserves and never writes stay painted. */
#ifndef HIL_STACK_H
#define HIL_STACK_H

#include "port.h"

#define HIL_STACK_INLINE static inline __attribute__((always_inline))

/* The stack is read and written as words through its symbols; no C object lies there. */
typedef volatile uint32_t hil_stack_word;

#define HIL_STACK_PAINT 0x5AC3A53Cu

HIL_STACK_INLINE uintptr_t hil_stack_pointer(void)
{
#if defined(__arm__)
    uintptr_t sp;
    __asm volatile("mov %0, sp" : "=r"(sp));
    return sp;
#else
    return (uintptr_t)__builtin_frame_address(0); /* on the host, whose port names no stack */
#endif
}

/* Paint everything below SP. */
HIL_STACK_INLINE void hil_stack_paint(const struct hil_port *port)
{
    if (port->stack_low == NULL) {
        return;
    }
    const uintptr_t end = hil_stack_pointer();
    for (uintptr_t at = (uintptr_t)port->stack_low; at < end; at += sizeof(hil_stack_word)) {
        *(hil_stack_word *)at = HIL_STACK_PAINT;
    }
}

/* Bytes of the stack used at the deepest since it was painted, from its high end; 0 where the port has none. */
HIL_STACK_INLINE uint32_t hil_stack_peak(const struct hil_port *port)
{
    if (port->stack_low == NULL) {
        return 0;
    }
    uintptr_t at = (uintptr_t)port->stack_low;
    while (at < (uintptr_t)port->stack_high && *(const hil_stack_word *)at == HIL_STACK_PAINT) {
        at += sizeof(hil_stack_word);
    }
    return (uint32_t)((uintptr_t)port->stack_high - at);
}

/* Bytes of the stack in use now, from its high end; 0 where the port has none. */
HIL_STACK_INLINE uint32_t hil_stack_now(const struct hil_port *port)
{
    return port->stack_low == NULL ? 0 : (uint32_t)((uintptr_t)port->stack_high - hil_stack_pointer());
}

#endif
