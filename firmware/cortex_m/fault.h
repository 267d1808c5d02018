/* A fault is reported over the link with the registers that tell where and why; then the core stays put. */
#ifndef HIL_CORTEX_M_FAULT_H
#define HIL_CORTEX_M_FAULT_H

#include "../runtime/port.h"

void Fault_Handler(void);

/* The board's: what a report is sent through, which works from its first instruction of C on. */
extern const struct hil_port *board_port;

#endif
