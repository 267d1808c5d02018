/* The vector table. */
#include "../../cortex_m/vectors.h"
#include "board.h"

#define EXTERNAL_INTERRUPTS 32

VECTORS const struct {
    struct core_vectors core;
    vector external[EXTERNAL_INTERRUPTS];
} vectors = {
    .core = CORE_VECTORS(Reset_Handler),
    .external = {UART0_RX_Handler}, /* no other is ever enabled */
};
