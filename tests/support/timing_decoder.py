"""The timing plug-in's decoder as a function of opcodes, and what binutils says of the same opcodes.

A processor's instructions are what its assembler makes: an opcode is *valid* when objdump's text for it,
assembled for the Cortex-M4, gives the same opcode again, and *foreign* when objdump has no text for it or the
assembler knows none for this processor. What lies between (should-be-zero bits that are one, UNPREDICTABLE
forms) is left open.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt

from hil.qemu.plugin import SOURCES
from needs import absent

FIELDS = (
    *(
        "kind",
        "flow",
        "size",
        "target",
        "reads",
        "writes",
        "address_from",
        "fp_reads",
        "fp_addend",
        "fp_writes",
    ),
    *("sp_change", "offset", "base_change", "base", "access", "transfers", "mark", "register_offset"),
    *("writeback", "literal", "ignores_alignment", "sp_unknown", "loads_pc", "barrier", "wide", "it_length"),
)
_SIGNED = {"sp_change", "offset", "base_change", "mark"}
_FLAGS = ("-std=gnu11", "-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
_CPU = ("-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16", "-mthumb")
_PREFIX = "arm-none-eabi-"
_NOP = 0xBF00
# Of other floating-point units, and taken by the assembler all the same.
_LET_THROUGH = re.compile(r"\.f64\t|^v(cvt[amnp]|(max|min)nm)\.|^vmov\t.*\bd(1[6-9]|2\d|3[01])\b")
_UNPREDICTABLE = re.compile(r"vmov\t.*\b(sp|pc)\b")
_FOREIGN = re.compile(r"selected (processor|FPU)|D register out of range|bad instruction")

Opcode = tuple[int, int | None]
"""Two halfwords, the second None for a 16-bit instruction."""


@dataclass(frozen=True)
class Line:
    """One instruction as objdump shows it, at its address in the listing."""

    address: int
    opcode: Opcode
    text: str

    @property
    def undefined(self) -> bool:
        """Objdump has no name for it."""
        return "UNDEFINED" in self.text or "illegal" in self.text

    @property
    def unpredictable(self) -> bool:
        """Objdump names it, and says that no program should use it."""
        return "UNPREDICTABLE" in self.text

    @property
    def mnemonic(self) -> str:
        return self.text.split("\t")[0]


class Decoder:
    """The decoder of hil/qemu/timing, built for this machine with both sanitizers."""

    def __init__(self, folder: Path) -> None:
        compiler = shutil.which("cc")
        if compiler is None:
            absent("no host C compiler")
        self._program = folder / "decode"
        driver = Path(__file__).with_name("timing_decode.c")
        decoder = map(str, sorted(SOURCES.glob("decode*.c")))
        command = [compiler, *_FLAGS, f"-I{SOURCES}", str(driver), *decoder]
        built = subprocess.run(
            [*command, "-o", str(self._program)], capture_output=True, text=True, check=False
        )
        assert built.returncode == 0, built.stderr
        self.kinds = _enumeration("kind")
        self.flows = _enumeration("flow")

    def __call__(self, lines: Sequence[Line]) -> dict[str, npt.NDArray[np.int64]]:
        """The fields of each instruction, by their names in decode.h."""
        asked = np.zeros(len(lines), np.dtype([("address", "<u4"), ("first", "<u2"), ("second", "<u2")]))
        asked["address"] = [line.address for line in lines]
        asked["first"] = [line.opcode[0] for line in lines]
        asked["second"] = [line.opcode[1] or 0 for line in lines]
        done = subprocess.run([self._program], input=asked.tobytes(), capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        told = np.frombuffer(done.stdout, "<u4").reshape(len(lines), len(FIELDS))
        return {
            name: (told[:, place].view("<i4") if name in _SIGNED else told[:, place]).astype(np.int64)
            for place, name in enumerate(FIELDS)
        }


def _enumeration(name: str) -> list[str]:
    """The names of an enumeration of decode.h, in their order."""
    body = re.search(rf"enum {name} {{(.*?)}};", (SOURCES / "decode.h").read_text(), re.DOTALL)
    assert body is not None
    return re.findall(r"(?:KIND|FLOW)_(\w+)", re.sub(r"/\*.*?\*/", "", body[1], flags=re.DOTALL))


def require_binutils() -> None:
    """Skips the test where the cross assembler is not installed."""
    if shutil.which(f"{_PREFIX}objdump") is None or shutil.which(f"{_PREFIX}as") is None:
        absent("no binutils for Arm")


def disassemble(opcodes: Sequence[Opcode]) -> list[Line]:
    """Each opcode as objdump shows it, none within an IT block."""
    halfwords: list[int] = []
    wanted: list[int] = []
    for first, second in opcodes:
        wanted.append(2 * len(halfwords))
        halfwords.append(first)
        if second is not None:
            halfwords.append(second)
        elif first & 0xFF00 == 0xBF00:
            halfwords.extend([_NOP] * 4)  # an IT block names the next four
    with TemporaryDirectory(prefix="hil-decode-") as name:
        folder = Path(name)
        (folder / "code").write_bytes(np.array(halfwords, "<u2").tobytes())
        source = '.syntax unified\n.thumb\n.text\n.incbin "code"\n'
        _run([f"{_PREFIX}as", *_CPU, "-o", "code.o", "-"], folder, source)
        _run([f"{_PREFIX}strip", "-s", "code.o"], folder)  # what says that it is data
        listing = _run([f"{_PREFIX}objdump", "-d", "-z", "-M", "force-thumb", "code.o"], folder)
    found = {line.address: line for line in parse_listing(listing)}
    assert [found[address].opcode for address in wanted] == list(opcodes)
    return [found[address] for address in wanted]


def parse_listing(listing: str) -> list[Line]:
    """The instructions of a listing by objdump."""
    pattern = re.compile(r"^\s*([0-9a-f]+):\t([0-9a-f]{4})(?: ([0-9a-f]{4}))?\s*\t(.*)$", re.MULTILINE)
    return [
        Line(int(address, 16), (int(first, 16), int(second, 16) if second else None), text.strip())
        for address, first, second, text in pattern.findall(listing)
    ]


def assemble(lines: Sequence[Line]) -> list[Opcode | str]:
    """What the assembler makes of objdump's text for a Cortex-M4, or what it objects to."""
    sources = [_source_of(line) for line in lines]
    refused: dict[int, str] = {}
    with TemporaryDirectory(prefix="hil-decode-") as name:
        folder = Path(name)
        command = [f"{_PREFIX}as", *_CPU, "-mimplicit-it=never", "-o", "code.o", "code.s"]
        for _ in range(8):  # some errors show when the others are gone
            body = [f"{'' if i in refused else source}\n.balign 4" for i, source in enumerate(sources)]
            head = ".syntax unified\n.thumb\n.text\nhere:\n"
            (folder / "code.s").write_text(head + "\n".join(f"L{i}: {b}" for i, b in enumerate(body)) + "\n")
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
            if done.returncode == 0:
                break
            errors = re.findall(r"^code\.s:(\d+): Error: (.*)$", done.stderr, re.MULTILINE)
            assert errors, done.stderr[:500]
            refused |= {(int(number) - 5) // 2: said for number, said in errors}
        assert done.returncode == 0, done.stderr[:500]
        _run([f"{_PREFIX}objcopy", "-O", "binary", "-j", ".text", "code.o", "code.bin"], folder)
        symbols = _run([f"{_PREFIX}nm", "code.o"], folder)
        code = np.frombuffer((folder / "code.bin").read_bytes(), "<u2")
    at = {name: int(address, 16) for address, _, name in (line.split() for line in symbols.splitlines())}
    made: list[Opcode | str] = []
    for i, line in enumerate(lines):
        if i in refused:
            made.append(refused[i])
        else:
            first = int(code[at[f"L{i}"] // 2])
            wide = line.opcode[1] is not None
            made.append((first, int(code[at[f"L{i}"] // 2 + 1]) if wide else None))
    return made


def verdict(line: Line, made: Opcode | str) -> str:
    """``valid``, ``foreign`` or ``open``: what the processor's architecture says of an opcode."""
    if line.undefined or _LET_THROUGH.search(line.text):
        return "foreign"
    if _UNPREDICTABLE.match(line.text):
        return "open"
    if isinstance(made, str):
        return "foreign" if _FOREIGN.match(made) else "open"
    return "valid" if made == line.opcode and not line.unpredictable else "open"


def _source_of(line: Line) -> str:
    text = line.text.split("@")[0].split(";")[0].strip()
    if line.undefined:
        return '.error "undefined"'
    target = re.fullmatch(r"((?:bl?|b\w\w)(?:\.[nw])?|cbn?z\t\w+,)\s(0x[0-9a-f]+)", text)
    if target is not None:
        apart = (int(target[2], 16) - line.address + (1 << 31)) % (1 << 32) - (1 << 31)
        return f"{target[1]} .{apart:+d}"
    return text


def _run(command: Sequence[str], folder: Path, text: str = "") -> str:
    done = subprocess.run(command, cwd=folder, input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[:500]
    return done.stdout
