"""A silicon board's start-up on the host, against a model of its chip: what it writes, in what order.

A kind has its model in ``firmware/tests/boards/KIND_chip.c``, and names of its registers in ``registers.h``.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from hil.resources import firmware_dir
from needs import absent

FLAGS = [
    *("-std=c11", "-O1", "-g", "-DHIL_REGISTER_MODEL", "-fsanitize=address,undefined"),
    *("-fno-sanitize-recover=all", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"),
]
_COUNTERS = {"1": "timer", "2": "dwt"}
_DEFINE = re.compile(r"^#define (\w+) (.+?)(?: +/\*.*)?$", re.MULTILINE)


def registers_of(header: Path) -> dict[str, int]:
    """The constants that a header of registers defines, in its order."""
    found: dict[str, int] = {}
    for name, text in _DEFINE.findall(header.read_text(encoding="utf-8")):
        found[name] = eval(re.sub(r"(?<=[0-9A-Fa-f])u\b", "", text), {})
    return found


@dataclass(frozen=True)
class Start:
    """What a start-up came to, and all that it wrote, as (address, value)."""

    clock_hz: int
    counter: str
    writes: list[tuple[int, int]]
    names: dict[str, int]

    def values(self, register: str) -> list[int]:
        """All that was written to a register, by its name."""
        return [value for at, value in self.writes if at == self.names[register]]

    def first(self, register: str, bits: int = 0, mask: int = 0) -> int:
        """The place of the first write to a register with these bits under the mask."""
        wanted = self.names[register]
        return next(n for n, (at, value) in enumerate(self.writes) if at == wanted and value & mask == bits)


@dataclass(frozen=True)
class Starter:
    """A kind's start-up as a program: ``starter("dma")`` starts a chip that lacks its DMA."""

    program: Path
    names: dict[str, int]

    def __call__(self, *lacking: str) -> Start:
        done = subprocess.run([self.program, *lacking], capture_output=True, text=True, check=True)
        *writes, last = done.stdout.splitlines()
        _, clock, _, counter = last.split()
        pairs = [(int(line[:8], 16), int(line[9:], 16)) for line in writes]
        return Start(int(clock), _COUNTERS[counter], pairs, self.names)


def port_of(kind: str, folder: Path) -> Path:
    """Compile ``firmware/tests/boards/KIND_port.c``, a program around the board's port."""
    firmware = firmware_dir()
    sources = [firmware / "tests" / "boards" / f"{kind}_port.c", firmware / "cortex_m" / "counter.c"]
    return _compiled(kind, sources, folder / "port")


def _compiled(kind: str, sources: list[Path], program: Path) -> Path:
    flags = (firmware_dir() / "boards" / kind / "flags.txt").read_text(encoding="utf-8").split()
    defined = [flag for flag in flags if flag.startswith("-D")]
    compiler = shutil.which("cc")
    if compiler is None:
        absent("no host C compiler")
    command = [compiler, *FLAGS, *defined, *map(str, sources), "-o", str(program)]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    return program


def starter(kind: str, folder: Path) -> Starter:
    """Compile the board's code but ``main.c`` with the model of its chip."""
    firmware = firmware_dir()
    board = firmware / "boards" / kind
    sources = [
        *(firmware / "tests" / "boards" / name for name in ("chip.c", f"{kind}_chip.c")),
        *(path for path in sorted(board.glob("*.c")) if path.name != "main.c"),
        firmware / "cortex_m" / "counter.c",
    ]
    program = _compiled(kind, sources, folder / "start")
    headers = (board / "registers.h", firmware / "cortex_m" / "core.h")
    names = {name: value for header in headers for name, value in registers_of(header).items()}
    return Starter(program, names)
