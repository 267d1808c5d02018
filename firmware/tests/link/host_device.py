"""The runtime built for the host, as a board behind a unix socket: ``device_host.c`` tells its options."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from hil.link.link import Link
from hil.qemu.memory import SharedMemory
from hil.resources import firmware_dir

BUILD_ID = "00112233445566778899aabbccddeeff"
_FLAGS = [
    *("-std=c11", "-O1", "-g"),
    *("-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wmissing-prototypes", "-Werror"),
    *("-fsanitize=address,undefined", "-fno-sanitize-recover=all"),
    f'-DHIL_BUILD_ID="{BUILD_ID}"',
]
_BOOT_S = 10.0


def compiler() -> str | None:
    """The host's C compiler, if there is one."""
    return shutil.which("cc")


def build(program: Path, *flags: str, source: str = "device_host.c") -> Path:
    """Compile the device, or another program here, with every warning an error and both sanitizers."""
    runtime = sorted(str(path) for path in firmware_dir().glob("runtime/*.c"))
    if source != "device_host.c":
        runtime = ["runtime/frame.c", "runtime/crc.c"]
    command = [compiler() or "cc", *_FLAGS, *flags, *runtime, f"tests/link/{source}", "-o", str(program)]
    subprocess.run(command, cwd=firmware_dir(), check=True)
    return program


class HostDevice:
    """One device; a context manager that ends it. It starts at ``boot``, like a board that is let go."""

    def __init__(self, program: Path, *, memory: SharedMemory | None = None, **options: int) -> None:
        self._program = program
        self._options = options
        self.memory = memory
        self._folder = tempfile.TemporaryDirectory(prefix="hil-")
        self._path = Path(self._folder.name) / "port.sock"
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(self._path))
        self._listener.listen()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"unix://{self._path}"

    def boot(self) -> None:
        """Start the firmware; it serves whoever has connected, and says READY first."""
        inherited = {"fd": self._listener.fileno()}
        if self.memory is not None:
            inherited["memory"] = self.memory.descriptor
        passed = [*inherited.values(), *([self._options["edges"]] if "edges" in self._options else [])]
        options = [f"{name}={value}" for name, value in (inherited | self._options).items()]
        self._process = subprocess.Popen([self._program, *options], pass_fds=passed, stderr=subprocess.PIPE)

    def connect(self, clock: Callable[[], float] = time.monotonic) -> Link:
        """An open link on which the handshake is done."""
        link = Link.open(self.url, memory=self.memory, clock=clock)
        self.boot()
        link.handshake(_BOOT_S)
        return link

    def accept(self) -> socket.socket:
        """Be the device: take the connection of the host."""
        return self._listener.accept()[0]

    def halt(self) -> None:
        """End the firmware; it can be booted again."""
        assert self._process is not None
        assert self.failure() == ""
        self._process.kill()
        self._process.communicate()
        self._process = None

    def failure(self) -> str:
        """What ended the firmware, after at most a moment; empty while it runs."""
        if self._process is None or self._process.poll() is None:
            return ""
        assert self._process.stderr is not None
        return f"status {self._process.returncode}: {self._process.stderr.read().decode()}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        failure = self.failure()
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
        self._listener.close()
        self._folder.cleanup()
        if failure:
            raise AssertionError(f"the device ended by itself, {failure}") from error


def expected(vector: npt.NDArray[Any], outputs: int) -> npt.NDArray[Any]:
    """What the device's model computes: output j from the CRC-32 of the input, started with j."""
    data = vector.tobytes()
    crcs = np.array([zlib.crc32(data, j) for j in range(outputs)], dtype=np.uint32)
    if vector.dtype == np.float32:
        return (crcs & 0xFFFFFF).astype("<f4")
    return crcs.astype(np.uint16).view(np.int16)
