"""Test drivers of firmware/tests/kernels as functions of bytes: on the host, and inside QEMU.

On the host a driver runs under both sanitizers. In QEMU it is built with the flags of the real images, from
the kernels written for the board's processor or from the plain ones, and runs without an operating system:
firmware/tests/semihosting gives it files, memory between guards, and a gauge of the stack.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import pytest

from hil.build.flags import FLAGS, LIBRARIES, LINK_FLAGS
from hil.build.sources import board_folder, variant, with_definitions
from hil.build.toolchain import find_toolchain
from hil.errors import BuildError, ProbeError
from hil.qemu.program import find_program
from hil.resources import firmware_dir
from needs import absent

KIND = "qemu_mps2_an386"
HOST_FLAGS = (
    *("-std=c11", "-O1", "-g", "-I.", "-Itests/kernels"),
    *("-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wmissing-prototypes", "-Werror"),
    *("-fsanitize=address,undefined", "-fno-sanitize-recover=all"),
)
_SEMIHOSTING = ("semihosting.c", "library.c", "stack_use.c", "port.c")
_CORE = ("start.c", "fault.c")
_CODES = {
    2: "the request ended within an array",
    3: "no memory left",
    4: "the answer could not be written",
    5: "a kernel returned an error",
    6: "unknown kind of case",
    7: "a kernel wrote outside of an array",
    8: "an answer depends on where its operands lie",
    70: "a fault",
}


class Program(Protocol):
    """A driver that was built: ``run`` answers a request, and fails the test when it cannot."""

    def run(self, request: bytes) -> bytes: ...


@dataclass(frozen=True)
class HostProgram:
    """A driver as a process of this machine."""

    path: Path

    def run(self, request: bytes) -> bytes:
        done = subprocess.run([self.path], input=request, capture_output=True, check=False)
        assert done.returncode == 0, _explain(done.returncode, done.stderr)
        return done.stdout


@dataclass(frozen=True)
class QemuProgram:
    """A driver as firmware; ``stack`` keeps the most bytes that calls of each name took in any run."""

    elf: Path
    qemu: str
    timeout_s: float = 300.0
    stack: dict[str, int] = field(default_factory=dict)

    def run(self, request: bytes) -> bytes:
        with tempfile.TemporaryDirectory(prefix="hil-kernels-") as name:
            folder = Path(name)
            (folder / "request").write_bytes(request)
            command = [
                *(self.qemu, "-M", "mps2-an386", "-display", "none", "-serial", "none", "-monitor", "none"),
                *("-semihosting-config", "enable=on,target=native", "-kernel", str(self.elf)),
            ]
            try:
                done = subprocess.run(
                    command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True,
                    timeout=self.timeout_s, check=False,
                )  # fmt: skip
            except subprocess.TimeoutExpired:
                pytest.fail(f"{self.elf.name} did not end in {self.timeout_s:.0f} s inside QEMU")
            assert done.returncode == 0, _explain(done.returncode, done.stderr)
            for line in (folder / "stack").read_text().splitlines():
                kernel, used = line.rsplit(" ", 1)
                self.stack[kernel] = max(int(used), self.stack.get(kernel, 0))
            return (folder / "answer").read_bytes() if (folder / "answer").exists() else b""


def build_host(program: Path, sources: Sequence[str]) -> HostProgram:
    """Build C files of firmware/ and the kernels they include, every warning an error, both sanitizers on.

    Skips the test where there is no compiler.
    """
    compiler = shutil.which("cc")
    if compiler is None:
        absent("no host C compiler")
    files = [*with_definitions(sources), "tests/kernels/target_host.c"]
    command = [compiler, *HOST_FLAGS, *files, "-o", str(program)]
    built = subprocess.run(command, cwd=firmware_dir(), capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    return HostProgram(program)


def build_qemu(
    elf: Path, sources: Sequence[str], *, plain: bool = False, flags: Iterable[str] = ()
) -> QemuProgram:
    """Build the same for QEMU with the flags of the images; ``plain`` leaves the processor's own kernels out.

    Skips the test where there is no cross compiler or no QEMU.
    """
    try:
        qemu = find_program()
        toolchain = find_toolchain()
    except (ProbeError, BuildError) as error:
        absent(str(error))
    board = f"boards/{KIND}"
    files = [
        *with_definitions(sources, "" if plain else variant(KIND)),
        *(f"tests/semihosting/{name}" for name in _SEMIHOSTING),
        f"{board}/startup.c",
        *(f"cortex_m/{name}" for name in _CORE),
        "libc/string.c",
    ]
    own = [
        *(board_folder(KIND) / "flags.txt").read_text().split(),
        *FLAGS,
        "-isystem",
        "tests/semihosting/include",
    ]
    link = [*LINK_FLAGS, "-T", f"{board}/link.ld", *flags, "-Itests/kernels", *files, *LIBRARIES]
    toolchain.run([*own, *link, "-o", str(elf)], firmware_dir(), elf.name)
    return QemuProgram(elf, qemu)


def _explain(code: int, stderr: bytes) -> str:
    said = stderr.decode(errors="replace").strip()
    return f"the driver ended with {code} ({_CODES.get(code, 'no code of its own')}): {said}"
