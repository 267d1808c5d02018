"""The FLASH controller that a plug-in supplies, by RM0351: keys, erasing, double words, errors."""

from __future__ import annotations

import ctypes
import shutil
import subprocess

import pytest

from hil.qemu.plugin import FLASH_SOURCES
from needs import absent

START, BYTES, PAGE = 0x0800_0000, 1 << 20, 2048
BANK = BYTES // 2
ACR, KEYR, SR, CR, OPTR = 0x00, 0x08, 0x10, 0x14, 0x20
KEYS = (0x4567_0123, 0xCDEF_89AB)
PG, PER, MER1, BANK2, MER2, STRT, EOPIE = 1 << 0, 1 << 1, 1 << 2, 1 << 11, 1 << 15, 1 << 16, 1 << 24
LOCKS, OPTLOCK, LOCK = 0xC000_0000, 1 << 30, 1 << 31
EOP, PROGERR, PGAERR, SIZERR, PGSERR, BSY = 1 << 0, 1 << 3, 1 << 5, 1 << 6, 1 << 7, 1 << 16
ALL_ERRORS = 0xC3FA
READ = ctypes.CFUNCTYPE(None, ctypes.c_uint32, ctypes.POINTER(ctypes.c_uint8), ctypes.c_uint32)


class Memory(ctypes.Structure):
    _fields_ = (("read", READ), ("write", READ))


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    if shutil.which("cc") is None:
        absent("no host C compiler")
    made = tmp_path_factory.mktemp("controller") / "controller.so"
    flags = "-std=c11 -O1 -Wall -Wextra -Wpedantic -Wconversion -Werror -fPIC -shared"
    subprocess.run(["cc", *flags.split(), str(FLASH_SOURCES / "controller.c"), "-o", str(made)], check=True)
    loaded = ctypes.CDLL(str(made))
    loaded.controller_read.restype = ctypes.c_uint32
    return loaded


class Chip:
    """A controller, and its flash, full of zeros."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._library = library
        self._state = ctypes.create_string_buffer(256)
        self.flash = bytearray(BYTES)
        self._memory = Memory(READ(self._read), READ(self._write))
        library.controller_reset(self._state, ctypes.byref(self._memory))

    def read(self, register: int) -> int:
        return int(self._library.controller_read(self._state, register))

    def write(self, register: int, value: int) -> None:
        self._library.controller_write(self._state, register, ctypes.c_uint32(value))

    def store(self, address: int, value: int, size: int = 4) -> None:
        self._library.controller_store(self._state, ctypes.c_uint32(address), ctypes.c_uint32(value), size)

    def unlock(self) -> Chip:
        for key in KEYS:
            self.write(KEYR, key)
        assert self.read(CR) == OPTLOCK
        return self

    def program(self, address: int, first: int, second: int) -> int:
        """The errors of programming a double word, cleared."""
        self.write(CR, PG)
        self.store(address, first)
        self.store(address + 4, second)
        self.write(CR, 0)
        self.read(SR)
        errors = self.read(SR)
        self.write(SR, errors)
        return errors

    def _read(self, address: int, into: ctypes.Array[ctypes.c_uint8], count: int) -> None:
        assert START <= address <= START + BYTES - count
        for at in range(count):
            into[at] = self.flash[address - START + at]

    def _write(self, address: int, data: ctypes.Array[ctypes.c_uint8], count: int) -> None:
        assert START <= address <= START + BYTES - count
        self.flash[address - START : address - START + count] = bytes(data[:count])


@pytest.fixture
def chip(library: ctypes.CDLL) -> Chip:
    return Chip(library)


def test_after_reset_it_is_locked_and_of_two_banks(chip: Chip) -> None:
    assert (chip.read(CR), chip.read(SR), chip.read(ACR)) == (LOCKS, 0, 0x600)
    assert chip.read(OPTR) & (1 << 21 | 1 << 16) == 1 << 21 | 1 << 16  # and the watchdog waits for software
    chip.write(ACR, 0x704)
    assert chip.read(ACR) == 0x704


def test_locked_it_takes_no_request(chip: Chip) -> None:
    chip.write(CR, PER | STRT)
    chip.write(CR, PG)
    assert (chip.read(CR), chip.read(SR)) == (LOCKS, 0)
    chip.store(START, 1)
    assert chip.read(SR) == PGSERR
    assert not any(chip.flash)


@pytest.mark.parametrize("keys", [KEYS[::-1], (KEYS[0], KEYS[0]), (1, *KEYS), (KEYS[0], 1, *KEYS)])
def test_a_wrong_key_locks_it_until_reset(chip: Chip, keys: tuple[int, ...]) -> None:
    for key in (*keys, *KEYS):
        chip.write(KEYR, key)
    assert chip.read(CR) == LOCKS


def test_it_is_locked_again_by_a_bit_that_only_keys_take_away(chip: Chip) -> None:
    chip.unlock().write(CR, LOCK)
    chip.write(CR, 0)
    assert chip.read(CR) == LOCKS
    chip.unlock()


@pytest.mark.parametrize("bank", [0, 1])
def test_a_page_is_erased_and_no_other(chip: Chip, bank: int) -> None:
    chip.unlock().write(CR, PER | 255 << 3 | bank * BANK2 | STRT)
    assert chip.read(SR) == BSY  # whoever polls sees it once
    assert chip.read(SR) == 0
    at = bank * BANK + 255 * PAGE
    assert chip.flash[at : at + PAGE] == b"\xff" * PAGE
    assert chip.flash.count(0xFF) == PAGE


@pytest.mark.parametrize(("request_bits", "start", "size"), [(MER1, 0, BANK), (MER2, BANK, BANK)])
def test_a_bank_is_erased(chip: Chip, request_bits: int, start: int, size: int) -> None:
    chip.unlock().write(CR, request_bits | STRT)
    assert chip.flash[start : start + size] == b"\xff" * size
    assert chip.flash.count(0xFF) == size


def test_both_banks_at_once_and_the_end_is_told_where_it_is_asked_for(chip: Chip) -> None:
    chip.unlock().write(CR, MER1 | MER2 | EOPIE | STRT)
    assert chip.read(SR) == BSY | EOP
    chip.write(SR, EOP)
    assert chip.read(SR) == 0
    assert chip.flash == b"\xff" * BYTES


@pytest.mark.parametrize("bits", [0, PER | MER1, PER | PG])
def test_what_is_no_request_is_an_error(chip: Chip, bits: int) -> None:
    chip.unlock().write(CR, bits | STRT)
    assert chip.read(SR) == PGSERR
    assert not any(chip.flash)


def test_a_double_word_is_programmed_where_it_was_erased(chip: Chip) -> None:
    chip.unlock().write(CR, PER | STRT)
    assert chip.program(START + 8, 0x0403_0201, 0x0807_0605) == 0
    assert chip.flash[:24] == b"\xff" * 8 + bytes(range(1, 9)) + b"\xff" * 8
    assert chip.program(START + 8, 0xFFFF_FFFF, 0xFFFF_FFFF) == PROGERR
    assert chip.program(START + 8, 0, 1) == PROGERR
    assert chip.flash[8:16] == bytes(range(1, 9))
    assert chip.program(START + 8, 0, 0) == 0
    assert chip.flash[:24] == b"\xff" * 8 + bytes(8) + b"\xff" * 8


def test_only_whole_double_words_in_order_and_in_place(chip: Chip) -> None:
    chip.unlock().write(CR, MER1 | MER2 | STRT)
    chip.read(SR)
    assert chip.program(START + 4, 1, 2) == PGAERR | PGSERR  # the second word meets an error not cleared
    chip.write(CR, PG)
    chip.store(START, 1)
    chip.store(START + 8, 2)
    assert chip.read(SR) == PGAERR
    chip.write(SR, ALL_ERRORS)
    for size in (1, 2):
        chip.store(START, 1, size)
        assert chip.read(SR) == SIZERR
        chip.write(SR, ALL_ERRORS)
    chip.write(CR, 0)
    chip.store(START, 1)
    assert chip.read(SR) == PGSERR
    assert chip.flash == b"\xff" * BYTES


def test_an_error_that_nobody_cleared_forbids_what_follows(chip: Chip) -> None:
    chip.unlock().store(START, 1)
    chip.write(CR, PER | STRT)
    assert chip.read(SR) == PGSERR
    assert not any(chip.flash)
    chip.write(SR, ALL_ERRORS)
    chip.write(CR, PER | STRT)
    assert chip.flash[:PAGE] == b"\xff" * PAGE
