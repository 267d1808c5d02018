"""Segments, symbols and damage, on the images that come with the lab."""

from __future__ import annotations

import struct
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hil.errors import ImageError
from hil.image import prebuilt_images
from hil.measure.elf import (
    Segment,
    check_fits,
    load_sections,
    load_segments,
    load_symbols,
    read_memory,
    symbol_at,
)
from hil.measure.memory import memory
from hil.resources import fixtures_dir

KIND = "qemu_mps2_an386"
FLASH = (0, 1 << 20)
IMAGE = prebuilt_images(KIND)[0]
FAULTY = fixtures_dir() / "faulty" / KIND

# Offsets into an ELF32 file header and program header, from the ELF specification.
E_MACHINE, E_PHOFF, E_PHNUM = 18, 28, 44
P_OFFSET, P_PADDR, P_FILESZ = 4, 12, 16


def test_the_vector_table_starts_the_image() -> None:
    segments = load_segments(IMAGE)
    stack_top, reset = struct.unpack("<II", read_memory(segments, 0, 8))
    assert stack_top == 0x2000_0000 + 8192
    assert reset & 1
    assert symbol_at(IMAGE, reset) == "Reset_Handler"
    check_fits(segments, *FLASH)


def test_no_function_is_at_an_address_in_ram() -> None:
    assert symbol_at(IMAGE, 0x2000_0000) is None


def test_a_function_is_found_by_its_last_byte() -> None:
    run = next(symbol for symbol in load_symbols(IMAGE) if symbol.name == "hil_runtime_run")
    assert symbol_at(IMAGE, run.address + run.size - 1) == "hil_runtime_run"


def test_a_segment_outside_flash_is_refused() -> None:
    with pytest.raises(ImageError, match=r"outside flash .0x08000000 to 0x08000010, flash is 0x00000000"):
        check_fits(load_segments(FAULTY / "outside_flash-f32.elf"), *FLASH)


@pytest.mark.parametrize("start", [0, 1, 16 - 9, 16, 100])
def test_flash_is_bounded_at_both_ends(start: int) -> None:
    segment = Segment(start, bytes(10))
    if 1 <= start <= 6:
        check_fits([segment], 1, 15)
        return
    with pytest.raises(ImageError):
        check_fits([segment], 1, 15)


def test_memory_that_is_not_in_the_image_is_refused() -> None:
    with pytest.raises(ImageError, match="no 4 bytes at 0x20000000"):
        read_memory(load_segments(IMAGE), 0x2000_0000, 4)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"none\.elf cannot be read .*No such file"):
        load_segments(tmp_path / "none.elf")


def test_a_program_of_this_machine_is_refused() -> None:
    with pytest.raises(ImageError, match=r"is for another processor .a 64-bit little-endian ELF"):
        load_segments(Path(sys.executable))


@pytest.mark.parametrize("content", [b"", b"\x7fELF", b"MZ" * 400, bytes(10_000)])
def test_what_is_no_elf_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "image.elf"
    path.write_bytes(content)
    for look in (load_segments, load_sections, load_symbols, memory):
        with pytest.raises(ImageError, match=r"image\.elf is damaged"):
            look(path)


def _first_header(content: bytearray) -> int:
    offset: int = struct.unpack_from("<I", content, E_PHOFF)[0]
    return offset


def test_a_cut_image_is_refused(tmp_path: Path) -> None:
    content = IMAGE.read_bytes()
    path = tmp_path / "cut.elf"
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ImageError, match=r"cut\.elf is damaged"):
        load_segments(path)


@pytest.mark.parametrize(
    ("field", "value", "evidence"),
    [
        (P_OFFSET, 0x7FFF_FFFF, "a segment reaches to byte"),
        (P_FILESZ, 0x7FFF_FFFF, "a segment reaches to byte"),
        (P_PADDR, 0xFFFF_FFFF, "past 4 GiB"),
    ],
)
def test_a_segment_that_cannot_be_is_refused(field: int, value: int, evidence: str, tmp_path: Path) -> None:
    content = bytearray(IMAGE.read_bytes())
    for number in range(struct.unpack_from("<H", content, E_PHNUM)[0]):
        struct.pack_into("<I", content, _first_header(content) + 32 * number + field, value)
    path = tmp_path / "bent.elf"
    path.write_bytes(content)
    with pytest.raises(ImageError, match=evidence):
        load_segments(path)


def test_an_image_without_segments_is_refused(tmp_path: Path) -> None:
    content = bytearray(IMAGE.read_bytes())
    struct.pack_into("<H", content, E_PHNUM, 0)
    path = tmp_path / "empty.elf"
    path.write_bytes(content)
    with pytest.raises(ImageError, match="no loadable segment"):
        load_segments(path)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    flips=st.lists(
        st.tuples(st.integers(0, len(IMAGE.read_bytes()) - 1), st.integers(1, 255)), min_size=1, max_size=8
    ),
    header_only=st.booleans(),
    tail=st.booleans(),
)
def test_damage_is_an_image_error_or_harmless(
    flips: list[tuple[int, int]], header_only: bool, tail: bool, tmp_path: Path
) -> None:
    """Flip bytes anywhere, in the file header, or in the section headers at the end."""
    content = bytearray(IMAGE.read_bytes())
    for at, change in flips:
        place = at % 52 if header_only else len(content) - 1 - at % 400 if tail else at
        content[place] ^= change
    path = tmp_path / "flipped.elf"
    path.write_bytes(content)
    for look in (load_segments, load_sections, load_symbols, memory):
        with suppress(ImageError):
            look(path)
