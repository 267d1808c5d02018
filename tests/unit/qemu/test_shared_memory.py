"""Memory shared with an emulator: there from the start, and nobody's to cut; a system without it says why."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hil.qemu.memory import SharedMemory
from refusing import refusing

TOTAL, MAPPED = 16 << 20, 128 << 10
MAKE = f"""
from hil.qemu.memory import SharedMemory
try:
    SharedMemory({TOTAL}, {MAPPED})
except OSError as error:
    print(error.strerror)
"""


def test_what_is_mapped_is_there_from_the_start() -> None:
    """A page that is missing when it is first touched would end the process by SIGBUS."""
    with SharedMemory(TOTAL, MAPPED) as memory:
        held = os.fstat(memory.descriptor)
        assert held.st_size == TOTAL
        assert held.st_blocks * 512 >= MAPPED
        assert memory.read(MAPPED - 4, 4) == bytes(4)


@pytest.mark.parametrize("size", [0, 2 * TOTAL])
def test_nobody_can_change_its_size(size: int) -> None:
    """Cut by another process, it would end us and the emulator by SIGBUS."""
    with SharedMemory(TOTAL, MAPPED) as memory:
        path = f"/proc/{os.getpid()}/fd/{memory.descriptor}"
        cut = f"import os; os.truncate({path!r}, {size})"
        done = subprocess.run([sys.executable, "-c", cut], capture_output=True, text=True)
        assert "PermissionError" in done.stderr
        memory.write(MAPPED - 4, b"here")
        assert memory.read(MAPPED - 4, 4) == b"here"


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ("memfd_create", errno.ENOSYS),
        ("memfd_create", errno.EPERM),
        ("memfd_create", errno.EMFILE),
        ("fallocate", errno.ENOSPC),
        ("fallocate", errno.ENOMEM),
    ],
    ids=lambda one: one if isinstance(one, str) else errno.errorcode[one],
)
def test_a_system_that_gives_none_is_an_error(call: str, error: int) -> None:
    command = refusing(call, error, sys.executable, "-c", MAKE)
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == f"{os.strerror(error)}\n"


def test_a_limit_on_files_is_an_error_and_no_signal(tmp_path: Path) -> None:
    command = ["prlimit", f"--fsize={TOTAL // 2}", sys.executable, "-c", MAKE]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode != -signal.SIGXFSZ
    assert done.stdout == f"{os.strerror(errno.EFBIG)}\n"


def test_closing_leaves_nothing() -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    memory = SharedMemory(TOTAL, MAPPED)
    memory.close()
    memory.close()
    assert len(list(Path("/proc/self/fd").iterdir())) == before
