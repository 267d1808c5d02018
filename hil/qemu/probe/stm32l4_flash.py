"""The flash controller of an STM32L475, which QEMU's machine lacks, for pyOCD's own flash algorithm.

The algorithm's code is loaded as on silicon, and its entry points are called. What they would have the
controller do (RM0351, "FLASH main memory programming") is done here: the registers they write do not exist.
With QEMU 11.1 they can, and the algorithm runs: hil/qemu/flash_controller.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping

from pyocd.core import exceptions

from hil.qemu.probe.gdb import GdbClient

FLASH_START, FLASH_BYTES = 0x0800_0000, 1 << 20
_BANK_BYTES = FLASH_BYTES // 2
SECTOR_BYTES = 2048
_DOUBLE_WORD = 8  # what is programmed at once
_ERASED = b"\xff"

# The algorithm of pyOCD's target stm32l475xg. A call is known by where it goes, so that no other will do.
_CODE_START, _CODE_BYTES = 0x2000_0000, 444
_CODE_SHA256 = "f9da704d0619d78b84dceb04c91f4b4c618e3ff40f1f2d443c273370f9ab516a"
_INIT, _UNINIT, _ERASE_ALL, _ERASE_SECTOR, _PROGRAM_PAGE = (
    0x2000_0086, 0x2000_00B0, 0x2000_00C0, 0x2000_00EA, 0x2000_0136,
)  # fmt: skip
_OK, _FAILED = 0, 1


class Stm32L4Flash:
    """Does what a call of the flash algorithm asks for, in memory that the emulated core cannot write."""

    def __init__(self, gdb: GdbClient) -> None:
        self._gdb = gdb
        self._locked = True
        self._calls: Mapping[int, Callable[[int, int, int], int]] = {
            _INIT: lambda *rest: self._lock(False),
            _UNINIT: lambda *rest: self._lock(True),
            _ERASE_ALL: lambda *rest: self._erase(FLASH_START, FLASH_BYTES),
            _ERASE_SECTOR: lambda address, *rest: self._erase(_sector(address), SECTOR_BYTES),
            _PROGRAM_PAGE: self._program,
        }

    def takes(self, counter: int) -> bool:
        """Whether a core that goes on from there calls the algorithm."""
        return counter in self._calls

    def call(self, counter: int, arguments: tuple[int, int, int]) -> int:
        """What the call returns, done; ProbeError when the code in RAM is another."""
        code = self._gdb.read(_CODE_START, _CODE_BYTES)
        if hashlib.sha256(code).hexdigest() != _CODE_SHA256:
            raise exceptions.ProbeError(
                "the flash algorithm is not the one that this emulated board understands: "
                "its target must be stm32l475xg, of a pyOCD that the lab was tested with"
            )
        return self._calls[counter](*arguments)

    def _lock(self, locked: bool) -> int:
        self._locked = locked
        return _OK

    def _erase(self, address: int, size: int) -> int:
        """A controller that is locked takes no notice, and the algorithm does not look whether it did."""
        if not self._locked:
            self._gdb.write(address, _ERASED * size)
        return _OK

    def _program(self, address: int, size: int, buffer: int) -> int:
        """Refuses a double word that is not erased, unless it is overwritten with zeros: as the chip does.

        What lies outside flash is refused, too; there the chip has a bus fault.
        """
        size += -size % _DOUBLE_WORD
        if self._locked and size:
            return _FAILED
        if not _inside(address, size) or address % _DOUBLE_WORD:
            return _FAILED
        data, held = self._gdb.read(buffer, size), self._gdb.read(address, size)
        for at in range(0, size, _DOUBLE_WORD):
            part = slice(at, at + _DOUBLE_WORD)
            if held[part] != _ERASED * _DOUBLE_WORD and any(data[part]):
                self._gdb.write(address, data[:at])
                return _FAILED
        self._gdb.write(address, data)
        return _OK


def _sector(address: int) -> int:
    """The sector that the algorithm erases: the controller gets a bank, and a number of a page in it."""
    second = address >= FLASH_START + _BANK_BYTES or address & _BANK_BYTES
    return FLASH_START + (_BANK_BYTES if second else 0) + address % _BANK_BYTES // SECTOR_BYTES * SECTOR_BYTES


def _inside(address: int, size: int) -> bool:
    return address >= FLASH_START and address + size <= FLASH_START + FLASH_BYTES
