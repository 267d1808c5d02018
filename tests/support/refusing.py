"""Run a command in whose processes the kernel refuses a call: `refusing.py CALL ERRNO COMMAND…`, by seccomp.

As container runtimes and sandboxes do it. Only x86-64 and AArch64 have their numbers here.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys

import pytest

_NUMBERS = {  # asm/unistd.h
    "x86_64": {"memfd_create": 319, "fallocate": 285, "clone3": 435},
    "aarch64": {"memfd_create": 279, "fallocate": 47, "clone3": 435},
}
_SET_NO_NEW_PRIVS, _SET_SECCOMP, _FILTER = 38, 22, 2  # linux/prctl.h, linux/seccomp.h
_LOAD_NUMBER, _UNLESS_EQUAL, _RETURN = 0x20, 0x15, 0x06  # linux/bpf_common.h: LD|W|ABS, JMP|JEQ|K, RET|K
_ALLOW, _ERRNO = 0x7FFF_0000, 0x0005_0000


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def refusing(call: str, error: int, *command: str) -> list[str]:
    """The command, with one kernel call refused; skips on processors whose calls are not known here."""
    if platform.machine() not in _NUMBERS:
        pytest.skip(f"the number of {call} on {platform.machine()} is not known")
    return [sys.executable, __file__, call, errno.errorcode[error], *command]


def main(call: str, error: str, *command: str) -> None:
    """Refuse the call from here on, in all that this process becomes and starts."""
    number = _NUMBERS[platform.machine()][call]
    steps = (
        (_LOAD_NUMBER, 0, 0, 0),
        (_UNLESS_EQUAL, 0, 1, number),
        (_RETURN, 0, 0, _ERRNO | getattr(errno, error)),
        (_RETURN, 0, 0, _ALLOW),
    )
    program = _Program(len(steps), b"".join(struct.pack("=HBBI", *step) for step in steps))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(_SET_SECCOMP, _FILTER, ctypes.byref(program)):
        sys.exit(os.strerror(ctypes.get_errno()))
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(*sys.argv[1:])
