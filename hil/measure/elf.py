"""What an ELF image holds: segments, sections and symbols, or a clear ImageError when it is damaged."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from elftools.common.exceptions import ELFError
from elftools.construct.core import ConstructError
from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import Section as ElfSection
from elftools.elf.sections import SymbolTableSection

from hil.errors import ImageError
from hil.escaping import escaped
from hil.reading import read_bytes

_MAPPING_SYMBOLS = ("$t", "$d", "$a")  # AAELF32: what follows is Thumb code, data, Arm code
_VECTORS_MOST = 16 + 240
_LAST_OF_PROGRAM = 14
_SCS, _SYSTICK = 0xE000_E000, 0xE000_E010  # ARMv7-M ARM, B3.2.2 and B3.3
_MOV_CONSTANT, _SCS_CONSTANT = 0xF04F, 0x20E0  # MOV.W Rd, #0xE000E000: A7.7.76 and A5.3.2, Rd left out
_FIRST_WIDE = 0xE800  # ARMv7-M ARM, A5.1: halfwords from here on begin a 32-bit instruction
_MOST_NAMES = 1 << 30  # letters of all symbols' names, if all were as long as the longest
_REBUILD = "run `hil build` to remake it"

# Symbol table entries, System V ABI: name, value, size, info (binding << 4 | type), other, section.
_ENTRY = struct.Struct("<IIIBBH")
_NOTYPE, _OBJECT, _FUNC = 0, 1, 2
_LOCAL, _GLOBAL = 0, 1
_NO_SECTION = (0, 0xFFF1, 0xFFF2)  # undefined, absolute, common

# What pyelftools lets through when the bytes it parses make no sense.
_PARSE_ERRORS = (
    ELFError,
    ConstructError,
    struct.error,
    ValueError,
    LookupError,
    AttributeError,
    TypeError,
    AssertionError,
    ArithmeticError,
    EOFError,
    RecursionError,
)


@dataclass(frozen=True)
class Segment:
    """Bytes that an image puts at a physical address, as a programmer writes them."""

    address: int
    data: bytes

    @property
    def end(self) -> int:
        """One past the last address."""
        return self.address + len(self.data)


@dataclass(frozen=True)
class Section:
    """An allocated section; ``size`` in bytes, at run-time ``address``.

    ``loaded``: its bytes come from flash; ``writable``: it lies in RAM at run time.
    """

    name: str
    address: int
    size: int
    loaded: bool
    writable: bool


@dataclass(frozen=True)
class Symbol:
    """A named function or object of ``size`` bytes in the section of that name."""

    name: str
    section: str
    address: int
    size: int
    function: bool


@dataclass(frozen=True)
class Handler:
    """Where an exception begins, and its second instruction.

    ``interrupt``: it comes from outside the program, by a clock or a device.
    """

    address: int
    second: int
    interrupt: bool


@dataclass(frozen=True)
class VectorTable:
    """What the processor does at reset (``reset`` None: there is no table) and at exceptions."""

    initial_sp: int
    reset: int | None
    handlers: tuple[Handler, ...]


def load_segments(path: Path) -> list[Segment]:
    """The non-empty loadable segments by address; ImageError when the ELF is damaged or not for Arm."""
    with _open(path) as (elf, file_bytes):
        segments: list[Segment] = []
        left = len(file_bytes)
        for header in elf.iter_segments():
            if header.header.p_type != "PT_LOAD" or header.header.p_filesz == 0:
                continue
            segments.append(_segment(path, header.header, file_bytes))
            left -= len(segments[-1].data)
            if left < 0:
                raise _damaged(path, "its segments hold more bytes than the file")
    if not segments:
        raise _damaged(path, "it has no loadable segment")
    segments.sort(key=lambda segment: segment.address)
    for before, after in pairwise(segments):
        if after.address < before.end:
            raise _damaged(path, f"two segments overlap at {after.address:#010x}")
    return segments


def check_fits(segments: Sequence[Segment], flash_start: int, flash_size: int) -> None:
    """ImageError when a segment reaches outside ``flash_size`` bytes from ``flash_start``."""
    flash_end = flash_start + flash_size
    for segment in segments:
        if segment.address < flash_start or segment.end > flash_end:
            raise ImageError(
                "the image has a segment outside flash",
                evidence=f"{segment.address:#010x} to {segment.end:#010x}, "
                f"flash is {flash_start:#010x} to {flash_end:#010x}",
                remedy="link it with the board's linker script",
            )


def load_sections(path: Path) -> list[Section]:
    """The allocated, non-empty sections in file order; ImageError when the ELF is damaged."""
    with _open(path) as (elf, file_bytes):
        sections = []
        for section in elf.iter_sections():
            header = section.header
            if not header.sh_flags & SH_FLAGS.SHF_ALLOC or header.sh_size == 0:
                continue
            loaded = header.sh_type != "SHT_NOBITS"
            if loaded and header.sh_offset + header.sh_size > len(file_bytes):
                raise _damaged(path, f"section {section.name} reaches past the end of the file")
            writable = bool(header.sh_flags & SH_FLAGS.SHF_WRITE)
            sections.append(Section(escaped(section.name), header.sh_addr, header.sh_size, loaded, writable))
    return sections


def load_symbols(path: Path) -> list[Symbol]:
    """The sized functions and objects by address; ImageError when the ELF is damaged.

    The Thumb bit is taken off a function's address.
    """
    with _open(path) as (elf, file_bytes):
        symbols = []
        sections = list(elf.iter_sections())  # each look-up would parse the section's header again
        for entry in _symbols(path, sections, file_bytes):
            if entry.kind not in (_FUNC, _OBJECT) or entry.section in _NO_SECTION or entry.size == 0:
                continue
            function = entry.kind == _FUNC
            address = entry.value & ~1 if function else entry.value
            section = escaped(sections[entry.section].name)
            symbols.append(Symbol(escaped(entry.name), section, address, entry.size, function))
    return sorted(symbols, key=lambda symbol: (symbol.address, symbol.name))


def symbol_addresses(path: Path, *names: str) -> dict[str, int]:
    """Where each of these names stands, of whatever type; one that is missing is left out. ImageError."""
    with _open(path) as (elf, file_bytes):
        entries = _symbols(path, list(elf.iter_sections()), file_bytes)
        return {entry.name: entry.value for entry in entries if entry.name in names and entry.section}


def load_functions(path: Path) -> list[Symbol]:
    """Every named place in code by address, the Thumb bit taken off; ImageError when the ELF is damaged.

    Assembler often gives no size, or not even a type: such a label reaches to the next one. Of names for the
    same address the first global one is taken.
    """
    with _open(path) as (elf, file_bytes):
        found: dict[int, tuple[tuple[bool, bool, str], int, str]] = {}
        ends: dict[str, int] = {}
        sections = list(elf.iter_sections())
        for entry in _symbols(path, sections, file_bytes):
            name = escaped(entry.name)
            if entry.kind not in (_FUNC, _NOTYPE) or entry.section in _NO_SECTION or not name:
                continue
            section = sections[entry.section]
            if not section.header.sh_flags & SH_FLAGS.SHF_EXECINSTR or name.startswith(_MAPPING_SYMBOLS):
                continue
            address, size = entry.value & ~1, entry.size
            if entry.kind == _NOTYPE and entry.binding == _LOCAL:
                continue  # a label inside a function
            ends[section.name] = section.header.sh_addr + section.header.sh_size
            rank = (size == 0, entry.binding != _GLOBAL, name)
            if address not in found or rank < found[address][0]:
                found[address] = (rank, size, section.name)
    starts = sorted(found)
    functions: list[Symbol] = []
    for start, after in zip(starts, [*starts[1:], None], strict=bool(starts)):
        (_, _, name), size, section_name = found[start]
        end = ends[section_name] if after is None else min(after, ends[section_name])
        functions.append(Symbol(name, escaped(section_name), start, size or max(end - start, 0), True))
    return functions


def vector_table(
    path: Path, address: int | None = None, functions: Sequence[Symbol] | None = None
) -> VectorTable:
    """What the vector table at ``address`` holds; one of nothing when there is none.

    Without an address it is where the core begins: at 0, or, where flash that is linked elsewhere shows
    there, at the image's lowest address. ``functions`` are the image's, where the caller has them already.

    ARMv7-M ARM, B1.5.2: word 0 is SP at reset, word 1 where reset begins, word n the handler of exception n;
    14 (PendSV) and below come from the program. The table ends at the first word that is neither 0 nor a
    function (of a stripped image: nor an odd address within it).
    """
    segments = load_segments(path)
    if address is None:
        at_zero = any(segment.address == 0 for segment in segments)
        address = 0 if at_zero or not segments else min(segment.address for segment in segments)
    words = _words(segments, address, _VECTORS_MOST)
    if len(words) < 2:
        return VectorTable(0, None, ())
    code = {function.address for function in (load_functions(path) if functions is None else functions)}
    if not code:  # stripped: any place in the image may be a handler
        code = {at for one in segments for at in range(one.address, one.end, 2)}
    handlers: dict[int, Handler] = {}
    for number, word in enumerate(words[2:], 2):
        at, interrupt = word & ~1, number > _LAST_OF_PROGRAM
        if word == 0:
            continue
        if word % 2 == 0 or at not in code:
            break
        known = handlers.get(at)
        size = 4 if int.from_bytes(read_memory(segments, at, 2), "little") >= _FIRST_WIDE else 2
        handlers[at] = Handler(at, at + size, interrupt or (known is not None and known.interrupt))
    return VectorTable(words[0], words[1] & ~1, tuple(handlers.values()))


def code_addresses(path: Path) -> dict[str, set[int]]:
    """Every name of a place in code with its addresses, the Thumb bit taken off; aliases and statics too."""
    found: dict[str, set[int]] = {}
    with _open(path) as (elf, file_bytes):
        sections = list(elf.iter_sections())
        for entry in _symbols(path, sections, file_bytes):
            if entry.kind not in (_FUNC, _NOTYPE) or entry.section in _NO_SECTION:
                continue
            named = entry.name and not entry.name.startswith(_MAPPING_SYMBOLS)
            if named and sections[entry.section].header.sh_flags & SH_FLAGS.SHF_EXECINSTR:
                found.setdefault(escaped(entry.name), set()).add(entry.value & ~1)
    return found


class _Entry(NamedTuple):
    """One of a symbol table."""

    name: str
    value: int
    size: int
    kind: int
    binding: int
    section: int


def _symbols(path: Path, sections: Sequence[ElfSection], file_bytes: bytes) -> Iterator[_Entry]:
    """The entries of all symbol tables; ImageError when they, or their names, are more than can be.

    A session reads hundreds twice, for which pyelftools would take as long as for flashing.
    """
    tables = [section for section in sections if isinstance(section, SymbolTableSection)]
    if sum(table.header.sh_size for table in tables) > len(file_bytes):
        raise _damaged(path, "its symbol tables hold more bytes than the file")
    for table in tables:
        longest = max(map(len, table.stringtable.data().split(b"\0")))
        if longest * table.num_symbols() > _MOST_NAMES:
            raise _damaged(path, f"{table.num_symbols():,} symbols, with a name of {longest:,} letters")
        names, at = table.stringtable.header.sh_offset, table.header.sh_offset
        for entry in range(at, at + table.header.sh_size, table.header.sh_entsize):
            name, value, size, info, _, section = _ENTRY.unpack_from(file_bytes, entry)
            end = file_bytes.find(b"\0", names + name)
            text = file_bytes[names + name : max(end, names + name)].decode("utf-8", "replace")
            yield _Entry(text, value, size, info & 0xF, info >> 4, section)


def names_systick(path: Path) -> bool:
    """Whether an image holds the address of one of SysTick's registers: it may start a clock."""
    return any(_SYSTICK <= word < _SYSTICK + 16 for word, _ in _constants(path))


def names_system_control(path: Path) -> bool:
    """Whether an image holds the address that SysTick's registers, and many others, are reached from.

    As a word, or in the instruction that makes it: which register it is for, the accesses tell.
    """
    return any(
        word == _SCS or (word & 0xFFFF == _MOV_CONSTANT and second & 0xF0FF == _SCS_CONSTANT)
        for word, second in _constants(path)
    )


def _constants(path: Path) -> Iterator[tuple[int, int]]:
    """Each two halfwords of an image as a word, and the second of them."""
    for segment in load_segments(path):
        halves = [
            int.from_bytes(segment.data[at : at + 2], "little") for at in range(0, len(segment.data) - 1, 2)
        ]
        for first, second in pairwise(halves):
            yield second << 16 | first, second


def _words(segments: Sequence[Segment], address: int, count: int) -> list[int]:
    """As many of ``count`` words from an address on as one segment holds."""
    for segment in segments:
        if segment.address <= address < segment.end:
            data = segment.data[address - segment.address :][: 4 * count]
            return [int.from_bytes(data[at : at + 4], "little") for at in range(0, len(data) - 3, 4)]
    return []


def symbol_at(path: Path, address: int) -> str | None:
    """The name of the function that holds an address (the Thumb bit is ignored), or None."""
    for symbol in load_symbols(path):
        if symbol.function and symbol.address <= address & ~1 < symbol.address + symbol.size:
            return symbol.name
    return None


def read_memory(segments: Sequence[Segment], address: int, size: int) -> bytes:
    """``size`` bytes at a flash address; ImageError when no segment holds them all."""
    for segment in segments:
        if segment.address <= address and address + size <= segment.end:
            start = address - segment.address
            return segment.data[start : start + size]
    raise ImageError(f"the image holds no {size} bytes at {address:#010x}", remedy=_REBUILD)


def _segment(path: Path, header: object, file_bytes: bytes) -> Segment:
    start: int = header.p_offset  # type: ignore[attr-defined]
    size: int = header.p_filesz  # type: ignore[attr-defined]
    address: int = header.p_paddr  # type: ignore[attr-defined]
    if start + size > len(file_bytes):
        raise _damaged(path, f"a segment reaches to byte {start + size} of {len(file_bytes)}")
    if address + size > 1 << 32:
        raise _damaged(path, f"a segment reaches past 4 GiB from {address:#010x}")
    return Segment(address, file_bytes[start : start + size])


@contextmanager
def _open(path: Path) -> Iterator[tuple[ELFFile, bytes]]:
    try:
        file_bytes = read_bytes(path)
    except OSError as error:
        raise ImageError(
            f"image {path.name} cannot be read", evidence=f"{path}: {error.strerror}", remedy=_REBUILD
        ) from error
    try:
        elf = ELFFile(BytesIO(file_bytes))
        if (elf.elfclass, elf.little_endian, elf["e_machine"]) != (32, True, "EM_ARM"):
            order = "little" if elf.little_endian else "big"
            raise ImageError(
                f"image {path.name} is for another processor",
                evidence=f"a {elf.elfclass}-bit {order}-endian ELF for {elf['e_machine']}, "
                "not a 32-bit little-endian one for Arm",
                remedy=_REBUILD,
            )
        yield elf, file_bytes
    except _PARSE_ERRORS as error:
        raise _damaged(path, f"{type(error).__name__}: {error}") from error


def _damaged(path: Path, evidence: str) -> ImageError:
    return ImageError(f"image {path.name} is damaged", evidence=evidence, remedy=_REBUILD)
