"""The flash controller that the discovery kit's emulated probe supplies, for calls of pyOCD's algorithm."""

from __future__ import annotations

import struct
from collections.abc import Mapping

import pytest
from pyocd.core import exceptions
from pyocd.target.builtin.target_STM32L475xx import FLASH_ALGO, STM32L475xG

from hil.qemu.probe.stm32l4_flash import FLASH_BYTES, FLASH_START, SECTOR_BYTES, Stm32L4Flash

CODE = struct.pack(f"<{len(FLASH_ALGO['instructions'])}I", *FLASH_ALGO["instructions"])
INIT, UNINIT, ERASE_ALL, ERASE_SECTOR, PROGRAM = (
    FLASH_ALGO[f"pc_{name}"] & ~1 for name in ("init", "unInit", "eraseAll", "erase_sector", "program_page")
)
BUFFER = FLASH_ALGO["page_buffers"][0]
END = FLASH_START + FLASH_BYTES


class Memory:
    """Flash full of zeros, as in a new emulator, and RAM with the algorithm: what the stub gives."""

    def __init__(self, code: bytes = CODE) -> None:
        self.flash = Stm32L4Flash(self)  # type: ignore[arg-type]
        self.parts: Mapping[int, bytearray] = {
            FLASH_START: bytearray(FLASH_BYTES),
            FLASH_ALGO["load_address"]: bytearray(code + bytes(0x4000)),
        }

    def read(self, address: int, size: int) -> bytes:
        part, at = self._find(address, size)
        return bytes(part[at : at + size])

    def write(self, address: int, data: bytes) -> None:
        part, at = self._find(address, len(data))
        part[at : at + len(data)] = data

    def _find(self, address: int, size: int) -> tuple[bytearray, int]:
        for start, part in self.parts.items():
            if start <= address and address + size <= start + len(part):
                return part, address - start
        raise exceptions.TransferFaultError(fault_address=address, length=size)


@pytest.fixture
def memory() -> Memory:
    """With a controller that is unlocked."""
    memory = Memory()
    assert call(memory, INIT, FLASH_START, 0, 1) == 0
    return memory


def call(memory: Memory, entry: int, *arguments: int) -> int:
    assert memory.flash.takes(entry)
    first, second, third = (*arguments, 0, 0, 0)[:3]
    return memory.flash.call(entry, (first, second, third))


def test_it_knows_the_algorithm_of_the_installed_pyocd(memory: Memory) -> None:
    assert call(memory, INIT, FLASH_START, 0, 1) == call(memory, UNINIT, 1) == 0
    region = STM32L475xG.MEMORY_MAP.get_region_for_address(FLASH_START)
    assert (region.start, region.length, region.blocksize) == (FLASH_START, FLASH_BYTES, SECTOR_BYTES)


def test_other_code_is_not_taken_for_the_algorithm() -> None:
    for wrong in (bytes(len(CODE)), CODE[:-1] + b"\x01", b"\x01" + CODE[1:]):
        with pytest.raises(exceptions.ProbeError, match="must be stm32l475xg"):
            call(Memory(wrong), ERASE_ALL)


@pytest.mark.parametrize("elsewhere", [INIT + 2, PROGRAM - 2, FLASH_START, 0x2000_2000])
def test_other_places_are_no_calls(memory: Memory, elsewhere: int) -> None:
    assert not memory.flash.takes(elsewhere)


def test_a_sector_is_erased_and_its_neighbours_are_not(memory: Memory) -> None:
    assert call(memory, ERASE_SECTOR, FLASH_START + SECTOR_BYTES + 8) == 0
    assert memory.read(FLASH_START + SECTOR_BYTES, SECTOR_BYTES) == b"\xff" * SECTOR_BYTES
    assert memory.read(FLASH_START + SECTOR_BYTES - 1, 1) == memory.read(FLASH_START + 2 * SECTOR_BYTES, 1)
    assert memory.read(FLASH_START + SECTOR_BYTES - 1, 1) == b"\x00"


def test_all_is_erased(memory: Memory) -> None:
    assert call(memory, ERASE_ALL) == 0
    assert memory.read(FLASH_START, FLASH_BYTES) == b"\xff" * FLASH_BYTES


def test_a_page_is_programmed_where_it_was_erased(memory: Memory) -> None:
    data = bytes(range(256)) * 4
    memory.write(BUFFER, data)
    call(memory, ERASE_SECTOR, FLASH_START)
    assert call(memory, PROGRAM, FLASH_START + 1024, len(data), BUFFER) == 0
    assert memory.read(FLASH_START + 1024, len(data)) == data
    assert memory.read(FLASH_START, 1024) == b"\xff" * 1024


def test_what_was_not_erased_is_refused_from_there_on(memory: Memory) -> None:
    """As the chip does: a double word that holds something takes zeros alone."""
    call(memory, ERASE_SECTOR, FLASH_START)
    memory.write(FLASH_START + 8, b"\x01")
    memory.write(BUFFER, b"\x55" * 24)
    assert call(memory, PROGRAM, FLASH_START, 24, BUFFER) == 1
    assert memory.read(FLASH_START, 24) == b"\x55" * 8 + b"\x01" + b"\xff" * 15
    memory.write(BUFFER, bytes(16))
    assert call(memory, PROGRAM, FLASH_START, 16, BUFFER) == 0
    assert memory.read(FLASH_START, 16) == bytes(16)


def test_a_controller_that_is_locked_programs_nothing(memory: Memory) -> None:
    """Erasing says nothing of it, as the algorithm does not look whether its request was taken."""
    for locked in (Memory(), memory):
        if locked is memory:
            assert call(memory, UNINIT, 1) == 0
        assert call(locked, ERASE_SECTOR, FLASH_START) == call(locked, ERASE_ALL) == 0
        assert call(locked, PROGRAM, FLASH_START, 8, BUFFER) == 1
        assert call(locked, PROGRAM, FLASH_START, 0, BUFFER) == 0
        assert locked.read(FLASH_START, FLASH_BYTES) == bytes(FLASH_BYTES)


@pytest.mark.parametrize(
    ("address", "sector"), [(FLASH_START - 1, 511), (END, 256), (FLASH_START + (300 << 11) + 5, 300)]
)
def test_the_number_of_a_sector_has_nine_bits(memory: Memory, address: int, sector: int) -> None:
    """So has the controller's register, and the algorithm asks for the second bank from its start on."""
    assert call(memory, ERASE_SECTOR, address) == 0
    held = memory.read(FLASH_START, FLASH_BYTES)
    assert held.index(b"\xff") == sector * SECTOR_BYTES
    assert held.count(b"\xff") == SECTOR_BYTES


@pytest.mark.parametrize(
    ("entry", "arguments"),
    [
        (PROGRAM, (END - 8, 16, BUFFER)),
        (PROGRAM, (FLASH_START - 8, 16, BUFFER)),
        (PROGRAM, (FLASH_START + 4, 8, BUFFER)),
    ],
)
def test_what_lies_outside_or_across_a_double_word_is_refused(
    memory: Memory, entry: int, arguments: tuple[int, ...]
) -> None:
    assert call(memory, entry, *arguments) == 1
    assert memory.read(FLASH_START, FLASH_BYTES) == bytes(FLASH_BYTES)
