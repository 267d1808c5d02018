"""Firmware started by QEMU itself, without the debug probe: image in, serial line out."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path

import pytest

from hil.link.link import Link
from hil.qemu.memory import SharedMemory
from hil.qemu.program import find_program

MPS2 = ("-M", "mps2-an386")
REST = ("-icount", "shift=0", "-display", "none", "-monitor", "none")


@contextmanager
def _boot(
    qemu: str, folder: Path, elf: Path, memory: SharedMemory | None = None, *, machine: Sequence[str] = MPS2
) -> Iterator[Link]:
    """A link to the image, through shared memory or the machine's first UART that ``machine`` does not name.

    QEMU gets a socket that already listens, so nobody waits for its file.
    """
    path = folder / "serial.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(1)
        serial = f"socket,id=serial,fd={listener.fileno()},server=on,wait=on"
        through = ("-chardev", serial, "-serial", "chardev:serial")
        command = [qemu, *machine, *REST, *through, "-kernel", str(elf)]
        descriptors = [listener.fileno()]
        if memory is not None:
            command += memory.arguments
            descriptors.append(memory.descriptor)
        process = subprocess.Popen(command, pass_fds=descriptors, stderr=subprocess.DEVNULL)
    try:
        with Link.open(f"unix://{path}", memory=memory) as link:
            yield link
    finally:
        process.kill()
        process.wait()
        path.unlink()


Boot = Callable[..., AbstractContextManager[Link]]


@pytest.fixture
def boot(tmp_path: Path) -> Boot:
    """A function that boots an image and gives the open link as a context."""
    return partial(_boot, find_program(), tmp_path)
