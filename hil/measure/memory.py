"""Flash and static RAM of an image, by section and by symbol, counted from its ELF."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hil.measure.elf import Section, Symbol, load_sections, load_segments, load_symbols

STACK_SECTION = ".stack"
REST = "(no symbol)"  # literals without a name, alignment, hand-written tables
PADDING = "(alignment)"  # flash between sections


@dataclass(frozen=True)
class SectionUse:
    """Bytes of one section; initialised data counts in both, as it is copied from flash to RAM."""

    name: str
    flash_bytes: int
    ram_bytes: int


@dataclass(frozen=True)
class SymbolUse:
    """Bytes of one function or object; the symbols of a section add up to the section."""

    name: str
    section: str
    flash_bytes: int
    ram_bytes: int


@dataclass(frozen=True)
class Memory:
    """An image's memory in bytes.

    ``flash_bytes``: all that is programmed, the load image of initialised data included. ``ram_bytes``:
    static data, without ``stack_bytes``, which the linker script reserves for the stack. Both lists are
    sorted by what they use, largest first; sections add up to the totals plus the stack.
    """

    flash_bytes: int
    ram_bytes: int
    stack_bytes: int
    sections: tuple[SectionUse, ...]
    symbols: tuple[SymbolUse, ...]


def memory(elf: Path) -> Memory:
    """Count an image's flash and static RAM; ImageError when the ELF is damaged."""
    sections = load_sections(elf)
    uses = [_section_use(section) for section in sections]
    flash = flash_bytes(elf)
    padding = flash - sum(use.flash_bytes for use in uses)
    if padding > 0:
        uses.append(SectionUse(PADDING, padding, 0))
    stack = sum(use.ram_bytes for use in uses if use.name == STACK_SECTION)
    symbols = load_symbols(elf)
    parts = [part for section in sections for part in _symbol_uses(section, symbols)]
    return Memory(
        flash_bytes=flash,
        ram_bytes=sum(use.ram_bytes for use in uses) - stack,
        stack_bytes=stack,
        sections=tuple(sorted(uses, key=lambda use: (-use.flash_bytes - use.ram_bytes, use.name))),
        symbols=tuple(
            sorted(parts, key=lambda use: (-use.flash_bytes - use.ram_bytes, use.section, use.name))
        ),
    )


def flash_bytes(elf: Path) -> int:
    """All that programming an image writes, in bytes; ImageError when the ELF is damaged."""
    return sum(len(segment.data) for segment in load_segments(elf))


def ram_within(elf: Path, start: int, size: int) -> int:
    """Bytes of RAM that an image takes of the ``size`` from ``start``, a stack there included; ImageError as
    ``memory``.
    """
    return sum(
        section.size
        for section in load_sections(elf)
        if section.writable and start <= section.address < start + size
    )


def _section_use(section: Section) -> SectionUse:
    return SectionUse(
        section.name,
        flash_bytes=section.size if section.loaded else 0,
        ram_bytes=section.size if section.writable else 0,
    )


def _symbol_uses(section: Section, symbols: list[Symbol]) -> list[SymbolUse]:
    """One entry per symbol of the section; a second name for bytes already counted is left out."""
    uses = []
    counted_to = section.address
    end = section.address + section.size
    rest = section.size
    for symbol in symbols:
        last = symbol.address + symbol.size
        if symbol.section != section.name or symbol.address < counted_to or last > end:
            continue
        uses.append(_symbol_use(symbol.name, section, symbol.size))
        counted_to = last
        rest -= symbol.size
    if rest > 0:
        uses.append(_symbol_use(REST, section, rest))
    return uses


def _symbol_use(name: str, section: Section, size: int) -> SymbolUse:
    return SymbolUse(name, section.name, size if section.loaded else 0, size if section.writable else 0)


def _largest_first(use: SectionUse | SymbolUse) -> tuple[int, str]:
    return -use.flash_bytes - use.ram_bytes, use.name
