"""Firmware started by QEMU itself, without the debug probe: image in, serial line out."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from hil.link.link import Link
from hil.qemu.program import find_program

MACHINE = ("-M", "mps2-an386", "-icount", "shift=0", "-display", "none", "-monitor", "none")


@contextmanager
def _boot(qemu: str, elf: Path, folder: Path) -> Iterator[Link]:
    """A link to the image; QEMU gets a socket that already listens, so nobody waits for its file."""
    path = folder / "serial.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(1)
        serial = f"socket,id=serial,fd={listener.fileno()},server=on,wait=on"
        command = [qemu, *MACHINE, "-chardev", serial, "-serial", "chardev:serial", "-kernel", str(elf)]
        process = subprocess.Popen(command, pass_fds=[listener.fileno()], stderr=subprocess.DEVNULL)
    try:
        with Link.open(f"unix://{path}") as link:
            yield link
    finally:
        process.kill()
        process.wait()
        path.unlink()


Boot = Callable[[Path], AbstractContextManager[Link]]


@pytest.fixture
def boot(tmp_path: Path) -> Boot:
    """A function that boots an image and gives the open link as a context."""
    qemu = find_program()
    return lambda elf: _boot(qemu, elf, tmp_path)
