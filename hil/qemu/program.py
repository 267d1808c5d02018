"""The emulator's program: what it is called, and where it lies."""

from __future__ import annotations

import shutil

from hil.errors import ProbeError

PROGRAM = "qemu-system-arm"


def find_program() -> str:
    """The path of QEMU; ProbeError when it is not installed."""
    program = shutil.which(PROGRAM)
    if program is None:
        raise ProbeError(
            f"{PROGRAM} is not installed",
            evidence="not found on PATH",
            remedy="apt install qemu-system-arm",
        )
    return program
