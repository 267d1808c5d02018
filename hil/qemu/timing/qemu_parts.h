/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What qemu_api.c and qemu_registers.c share. */
#ifndef HIL_QEMU_PARTS_H
#define HIL_QEMU_PARTS_H

#include "qemu_api.h"

/* Of a callback: whether it reads registers. That costs nothing where a block begins: there all are in their places. */
enum { NO_REGISTERS = 0, MAY_READ = API_READS_REGISTERS };
enum { MEM_BOTH = 3 }; /* QEMU 7.2 never calls one that asked for reads alone */

void api_begin_registers(qemu_plugin_id_t id);

#endif
