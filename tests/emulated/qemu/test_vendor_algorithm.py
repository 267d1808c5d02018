"""ST's own flash algorithm, as pyOCD ships it, programs the twin's flash on the core of QEMU 11.1."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pyocd.target.builtin.target_STM32L475xx import FLASH_ALGO

from hil.board import open_board
from hil.errors import HilError, ProbeError
from hil.flash.pyocd import PyOcdFlasher
from hil.image import Image, prebuilt_dir, prebuilt_images
from hil.kinds import KINDS
from hil.lab.file import load_lab
from hil.measure.elf import load_segments
from hil.models.vectors import load_vectors
from hil.qemu.plugin import PluginError, flash_plugin
from hil.qemu.probe.stm32l4_flash import FLASH_BYTES, FLASH_START, SECTOR_BYTES, Stm32L4Flash
from hil.qemu.process import QemuProcess
from hil.qemu.program import find_program
from hil.session import Session, first

pytestmark = pytest.mark.emulated

TWIN = KINDS["qemu_b_l475e_iot01a"]
BUFFER = FLASH_ALGO["page_buffers"][0]
END = FLASH_START + FLASH_BYTES
DATA = bytes(range(1, 65)) + bytes(64)
SECTORS = (0, 1, 255, 256, 300, 511)  # all that any call may touch but the last erase, and some beside
RAM = 0x2000_4000
LOADS_A_BYTE = bytes.fromhex("01480078fee7000010200240")  # of SR, and then a loop
LIMIT_S = 60.0  # there for a hang

# What is called, with which arguments, and what it returns; in a flash of zeros, as a new emulator has.
CALLS: tuple[tuple[str, tuple[int, ...], int], ...] = (
    ("program_page", (FLASH_START, 64, BUFFER), 1),  # locked
    ("erase_sector", (FLASH_START,), 0),  # locked: nothing happens, and nobody looks
    ("init", (FLASH_START, 0, 1), 0),
    ("program_page", (FLASH_START, 64, BUFFER), 1),  # not erased
    ("erase_sector", (FLASH_START,), 0),
    ("erase_sector", (FLASH_START + 300 * SECTOR_BYTES + 12,), 0),  # in the second bank
    ("program_page", (FLASH_START, 61, BUFFER), 0),  # goes on to the end of a double word
    ("program_page", (FLASH_START + 300 * SECTOR_BYTES, 64, BUFFER), 0),
    ("program_page", (FLASH_START + 56, 16, BUFFER), 1),  # the first of two is not erased
    ("program_page", (FLASH_START + 2040, 16, BUFFER), 1),  # the second is not: another sector
    ("program_page", (FLASH_START + 68, 8, BUFFER), 1),  # across two double words
    ("program_page", (FLASH_START + 64, 8, BUFFER + 64), 0),  # zeros, where nothing is
    ("program_page", (FLASH_START, 8, BUFFER + 64), 0),  # and where something is
    ("program_page", (FLASH_START, 8, BUFFER), 1),
    ("program_page", (FLASH_START, 0, BUFFER), 0),
    ("erase_sector", (FLASH_START - 1,), 0),  # outside: the number of a sector has nine bits
    ("erase_sector", (END,), 0),
    ("unInit", (1,), 0),
    ("erase_sector", (FLASH_START,), 0),  # locked again
    ("program_page", (FLASH_START + 1024, 64, BUFFER), 1),
    ("program_page", (FLASH_START + 1024, 0, BUFFER), 0),
    ("init", (FLASH_START, 0, 2), 0),
    ("eraseAll", (), 0),
    ("unInit", (2,), 0),
)


@pytest.fixture(autouse=True)
def _on_each_qemu() -> None:
    """On one that has what is needed."""


@pytest.fixture(autouse=True)
def _with_registers(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The emulator that is used unasked must have the API; in CI none does."""
    try:
        flash_plugin(find_program())
    except PluginError as error:
        if "does not fit" not in error.what:
            raise
        pytest.skip(str(error))
    except ProbeError as error:
        pytest.skip(str(error))


@contextmanager
def _kit(*, vendor_algorithm: bool) -> Iterator[PyOcdFlasher]:
    assert TWIN.emulator is not None
    with (
        QemuProcess.start(TWIN.emulator, vendor_algorithm=vendor_algorithm) as process,
        PyOcdFlasher(process.probe_id, TWIN.pyocd_target, options=TWIN.pyocd_options) as flasher,
    ):
        yield flasher


def _told(*, vendor_algorithm: bool) -> list[tuple[int, bytes]]:
    """What each of the calls returns, and the flash after it."""
    with _kit(vendor_algorithm=vendor_algorithm) as flasher:
        target: Any = flasher._session.target  # type: ignore[union-attr]
        flash = target.memory_map.get_region_for_address(FLASH_START).flash
        target.write_memory_block32(FLASH_ALGO["load_address"], FLASH_ALGO["instructions"])
        target.write_memory_block8(BUFFER, list(DATA))
        told = []
        for name, arguments, _ in CALLS:
            registers = dict(zip(("r0", "r1", "r2"), arguments, strict=False))
            entry = FLASH_ALGO[f"pc_{name}"]
            result = flash._call_function_and_wait(entry, **registers, init=True, timeout=LIMIT_S)
            held = b"".join(
                flasher.read_memory(FLASH_START + number * SECTOR_BYTES, SECTOR_BYTES) for number in SECTORS
            )
            told.append((result, held))
        assert flasher.read_memory(FLASH_START, FLASH_BYTES) == b"\xff" * FLASH_BYTES
        return told


def _wait_halted(flasher: PyOcdFlasher) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not flasher.halted():
        assert time.monotonic() < deadline, "it runs on"


def test_it_programs_an_image_byte_for_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(Stm32L4Flash, "call")  # the probe does nothing for it
    elf = max(prebuilt_images(TWIN.image_kind), key=lambda one: sum(len(s.data) for s in load_segments(one)))
    with _kit(vendor_algorithm=True) as flasher:
        report = flasher.program(elf)
        assert report.pages_programmed > 0
        for segment in load_segments(elf):
            assert flasher.read_memory(segment.address, len(segment.data)) == segment.data
        assert flasher.program(elf).pages_programmed == 0


def test_a_bench_runs_what_it_programmed(tmp_path: Path) -> None:
    path = tmp_path / "lab.toml"
    path.write_text(f'[boards.twin]\nkind = "{TWIN.name}"\nvendor_algorithm = true\n', encoding="utf-8")
    (spec,) = load_lab(path).select("twin")
    image = Image.load(prebuilt_dir(TWIN.image_kind) / "fastgrnn_digits-q7.elf")
    with open_board(spec) as board, Session(board, image) as session:
        report = session.measure(first(load_vectors("fastgrnn_digits", "q7"), 2))
    assert report.value("golden_exact") == 1.0


def test_the_probe_does_the_same_as_the_algorithm() -> None:
    """Call by call: what comes back, and what is in flash, also where the calls are wrong."""
    by_itself = _told(vendor_algorithm=True)
    assert [result for result, _ in by_itself] == [result for *_, result in CALLS]
    assert _told(vendor_algorithm=False) == by_itself


def test_an_access_that_the_controller_does_not_know_ends_the_emulator() -> None:
    """A status that reads 0 would be taken for success."""
    with _kit(vendor_algorithm=True) as flasher:
        target: Any = flasher._session.target  # type: ignore[union-attr]
        target.write_memory_block8(RAM, list(LOADS_A_BYTE))
        target.write_core_registers_raw(["pc", "sp", "xpsr"], [RAM, RAM, 1 << 24])
        target.resume()
        with pytest.raises(HilError, match="access of 1 bytes to 0x40022010 that it does not know"):
            _wait_halted(flasher)
