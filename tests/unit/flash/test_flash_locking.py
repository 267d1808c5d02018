"""An image that would lock a chip for good is refused before its probe is touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil.errors import FlashError, ProbeError
from hil.flash.locking import why_it_locks
from hil.flash.pyocd import PyOcdFlasher
from hil.image import prebuilt_dir
from hil.measure.elf import Segment

FIELD = b"\xff" * 12 + b"\xfe" + b"\xff" * 3
IMAGE = bytes(0x400) + FIELD + bytes(0x800)
GOOD = prebuilt_dir("frdm_k64f") / "fastgrnn_digits-q15.elf"


def with_byte(at: int, value: int) -> bytes:
    return IMAGE[:at] + bytes([value]) + IMAGE[at + 1 :]


@pytest.mark.parametrize(
    "segments",
    [
        [Segment(0, IMAGE)],
        [Segment(0, IMAGE[:0x408]), Segment(0x408, IMAGE[0x408:])],
        [Segment(0, with_byte(0x400, 0x12))],  # a backdoor key
        [Segment(0, with_byte(0x40D, 0xFB))],  # FOPT: the NMI pin is none
        [Segment(0x1000, bytes(64))],  # other sectors stay as they are
        [],
    ],
)
def test_what_leaves_the_chip_open_passes(segments: list[Segment]) -> None:
    assert why_it_locks("k64f", segments) is None
    assert why_it_locks("K64F", segments) is None


@pytest.mark.parametrize(
    ("at", "value"),
    [
        *((0x40C, value) for value in (0xFF, 0x00, 0xFC, 0xFD, 0xEE, 0xBE)),  # FSEC
        *((at, 0xFE) for at in (0x408, 0x409, 0x40A, 0x40B, 0x40E, 0x40F)),  # write protection
    ],
)
def test_what_locks_or_protects_is_told_with_its_place(at: int, value: int) -> None:
    wanted = 0xFE if at == 0x40C else 0xFF
    told = why_it_locks("k64f", [Segment(0, with_byte(at, value))])
    assert told == (f"{value:#04x} at {at:#06x}, in the flash configuration field, {wanted:#04x} expected")


@pytest.mark.parametrize(
    ("segments", "missing"),
    [
        ([Segment(0, bytes(0x198)), Segment(0x410, bytes(64))], 0x400),
        ([Segment(0, IMAGE[:0x40C])], 0x40C),
        ([Segment(0xFF0, bytes(64))], 0x400),  # it begins in the sector, which is erased
        ([Segment(0x404, IMAGE[0x404:])], 0x400),
    ],
)
def test_a_field_that_is_left_erased_locks_too(segments: list[Segment], missing: int) -> None:
    told = why_it_locks("k64f", segments)
    assert told is not None
    assert told.startswith(f"nothing at {missing:#06x}, in the flash configuration field")


def test_other_chips_have_no_such_field() -> None:
    assert why_it_locks("stm32l475xg", [Segment(0, bytes(0x800))]) is None


def test_the_flasher_refuses_before_it_needs_its_probe(tmp_path: Path) -> None:
    content = GOOD.read_bytes()
    assert content.count(FIELD) == 1
    bad = tmp_path / "bad.elf"
    bad.write_bytes(content.replace(FIELD, FIELD[:12] + b"\xff" + FIELD[13:]))
    flasher = PyOcdFlasher("no-probe", "k64f")
    with pytest.raises(FlashError) as refused:
        flasher.program(bad)
    assert str(refused.value) == (
        "bad.elf would lock the chip (0xff at 0x040c, in the flash configuration field, 0xfe expected); "
        "link it for this board; nothing was erased"
    )
    with pytest.raises(ProbeError, match="not connected"):
        flasher.program(GOOD)
