"""ELF files bent field by field: values, or ImageError, soon and in little memory."""

from __future__ import annotations

import struct
import tracemalloc
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bending import bent_bytes
from fuzzing import examples
from hil.errors import ImageError
from hil.image import prebuilt_images
from hil.measure import elf
from hil.measure.memory import memory

IMAGE = min(prebuilt_images("qemu_mps2_an386"), key=lambda path: path.stat().st_size).read_bytes()
# ELF specification: file header, section and program headers, symbols.
FILE_FIELDS = [
    (16, "H"),
    (18, "H"),
    *((at, "I") for at in range(20, 40, 4)),
    *((at, "H") for at in range(40, 52, 2)),
]
SECTIONS_AT, SECTIONS = struct.unpack_from("<I", IMAGE, 32)[0], struct.unpack_from("<H", IMAGE, 48)[0]
SEGMENTS_AT, SEGMENTS = struct.unpack_from("<I", IMAGE, 28)[0], struct.unpack_from("<H", IMAGE, 44)[0]
SYMTAB, P_LOAD = 2, 1
MOST_BYTES = 40 << 20  # of memory, for an image of this size


def _section(number: int) -> tuple[int, ...]:
    return struct.unpack_from("<10I", IMAGE, SECTIONS_AT + 40 * number)


_TABLE = next(_section(number) for number in range(SECTIONS) if _section(number)[1] == SYMTAB)
SYMBOLS_AT, SYMBOLS = _TABLE[4], _TABLE[5] // 16

places = st.one_of(
    st.sampled_from(FILE_FIELDS),
    st.builds(
        lambda n, f: (SECTIONS_AT + 40 * n + 4 * f, "I"), st.integers(0, SECTIONS - 1), st.integers(0, 9)
    ),
    st.builds(
        lambda n, f: (SEGMENTS_AT + 32 * n + 4 * f, "I"), st.integers(0, SEGMENTS - 1), st.integers(0, 7)
    ),
    st.builds(
        lambda n, f: (SYMBOLS_AT + 16 * n + f[0], f[1]),
        st.integers(0, SYMBOLS - 1),
        st.sampled_from([(0, "I"), (4, "I"), (8, "I"), (12, "H"), (14, "H")]),
    ),
)
values = st.one_of(
    st.sampled_from(
        [0, 1, 2, 3, 4, 11, 16, 32, 40, 0xFF00, 0xFFF1, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF]
    ),
    st.integers(0, len(IMAGE)),
    st.integers(0, 0xFFFF_FFFF),
)


def bent(changes: list[tuple[tuple[int, str], int]]) -> bytes:
    data = bytearray(IMAGE)
    for (at, form), value in changes:
        struct.pack_into(f"<{form}", data, at, value & (0xFFFF if form == "H" else 0xFFFF_FFFF))
    return bytes(data)


def _fits(address: int, size: int) -> None:
    assert 0 <= address < 1 << 32
    assert 0 <= size < 1 << 32


def check_segments(found: list[elf.Segment]) -> None:
    for before, after in pairwise(found):
        assert before.end <= after.address
    assert all(one.data and one.end <= 1 << 32 for one in found)


def check_sections(found: list[elf.Section]) -> None:
    for one in found:
        _fits(one.address, one.size)
        assert one.name.isprintable()


def check_symbols(found: list[elf.Symbol]) -> None:
    for one in found:
        _fits(one.address, one.size)
        assert (one.name + one.section).isprintable()


def check_nothing(found: Any) -> None:
    assert found is not None


READERS: tuple[tuple[Callable[[Path], Any], Callable[[Any], None]], ...] = (
    (elf.load_segments, check_segments),
    (elf.load_sections, check_sections),
    (elf.load_symbols, check_symbols),
    (elf.load_functions, check_symbols),
    (elf.vector_table, check_nothing),
    (elf.code_addresses, check_nothing),
    (memory, check_nothing),
)


def read_all(path: Path) -> None:
    for read, check in READERS:
        try:
            found = read(path)
        except ImageError as error:
            line = str(error)
            assert line.isprintable()
            assert len(line) < 7_000
        else:
            check(found)


@examples(30)
@given(data=st.builds(bent, st.lists(st.tuples(places, values), min_size=1, max_size=4)))
@example(data=bent([((42, "H"), 0), ((44, "H"), 0xFFFE)]))  # headers of no size
@example(data=bent([((46, "H"), 0), ((48, "H"), 0), ((SECTIONS_AT + 20, "I"), 1 << 30)]))
def test_an_elf_file_of_other_fields(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "bent.elf"
    path.write_bytes(data)
    read_all(path)


@examples(20)
@given(data=bent_bytes(IMAGE))
def test_a_damaged_elf_file(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "damaged.elf"
    path.write_bytes(data)
    read_all(path)


def _many_segments(count: int) -> bytes:
    """Each holds nearly the whole file, side by side in memory."""
    headers_at = len(IMAGE)
    size = len(IMAGE)
    headers = [struct.pack("<8I", P_LOAD, 0, n * size, n * size, size, size, 5, 4) for n in range(count)]
    data = bytearray(IMAGE)
    struct.pack_into("<I", data, 28, headers_at)
    struct.pack_into("<H", data, 44, count)
    return bytes(data) + b"".join(headers)


def _many_tables(count: int) -> bytes:
    """Each is the one symbol table once more."""
    headers = [struct.pack("<10I", *_section(n)) for n in range(SECTIONS)]
    headers += [struct.pack("<10I", *_TABLE)] * count
    data = bytearray(IMAGE)
    struct.pack_into("<I", data, 32, len(IMAGE))
    struct.pack_into("<H", data, 48, len(headers))
    return bytes(data) + b"".join(headers)


def _long_names(letters: int) -> bytes:
    """A string table without an end for a while, which every symbol begins in."""
    strings_at = len(IMAGE)
    data = bytearray(IMAGE + b"x" * letters + b"\0")
    struct.pack_into("<2I", data, SECTIONS_AT + 40 * _TABLE[6] + 16, strings_at, letters + 1)
    for number in range(SYMBOLS):
        struct.pack_into("<I", data, SYMBOLS_AT + 16 * number, 0)
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (_many_segments(3000), "segments hold more bytes than the file"),
        (_many_tables(300), "symbol tables hold more bytes than the file"),
        (_long_names(8 << 20), "with a name of 8,388,608 letters"),
    ],
    ids=["segments", "tables", "names"],
)
def test_a_small_file_that_would_become_a_large_one(data: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "bomb.elf"
    path.write_bytes(data)
    read = elf.load_segments if "segments" in said else elf.load_symbols
    with pytest.raises(ImageError, match=said):
        read(path)
    tracemalloc.start()
    try:
        read_all(path)
        assert tracemalloc.get_traced_memory()[1] < MOST_BYTES + 4 * len(data)
    finally:
        tracemalloc.stop()


def test_a_file_larger_than_any_program_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "sparse.elf"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(ImageError, match=r"cannot be read .*more than 1,073,741,824 bytes"):
        elf.load_segments(path)
