"""A debug probe for pyOCD on top of QEMU's gdbstub and QMP."""
