"""The emulator's program: what it is called, and where it lies."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from hil.errors import ProbeError

PROGRAM = "qemu-system-arm"
PROGRAM_VARIABLE = "HIL_QEMU"


def find_program() -> str:
    """The whole path of QEMU: what `HIL_QEMU` names, a path or a command, else `qemu-system-arm` on PATH.

    ProbeError when it is not there.
    """
    chosen = os.environ.get(PROGRAM_VARIABLE)
    program = shutil.which(chosen or PROGRAM)
    if program is None and chosen:
        raise ProbeError(
            f"the emulator that {PROGRAM_VARIABLE} names is not there",
            evidence=f"{chosen!r} is no program",
            remedy=f"name a {PROGRAM} there, or unset {PROGRAM_VARIABLE}",
        )
    if program is None:
        raise ProbeError(
            f"{PROGRAM} is not installed",
            evidence="not found on PATH",
            remedy="apt install qemu-system-arm",
        )
    return str(Path(program).absolute())  # whoever starts it may do so in another folder
