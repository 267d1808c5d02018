"""A locked nRF52, and one that is another chip, through pyOCD's own code and their debug port's registers."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import pytest
from pyocd.core import exceptions
from pyocd.probe.aggregator import PROBE_CLASSES

from hil.board import Board
from hil.build.prebuilt import faulty_dir
from hil.errors import ChipError, ImageError, ProbeError
from hil.flash.pyocd import PyOcdFlasher
from hil.image import Image, prebuilt_dir
from hil.kinds import KINDS
from hil.session import Session
from nrf52 import FLASH_BYTES, HW_DISABLED, UICR_APPROTECT, Nrf52Chip, Nrf52Probe

KIND = KINDS["nrf52840dk"]
MASS_ERASE = {"auto_unlock": True}
ID = f"nrf52:{Nrf52Probe.number}"


class Wire:
    """Probes that are wired to a chip, under the name pyOCD looks for them by."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def __call__(
        self, chip: Nrf52Chip, probe: type[Nrf52Probe] = Nrf52Probe, **options: object
    ) -> PyOcdFlasher:
        wired = type("Wired", (probe,), {"chip": chip})
        self._monkeypatch.setitem(PROBE_CLASSES, "nrf52", wired)
        quick = {"reset.post_delay": 0, "reset.hold_time": 0}
        return PyOcdFlasher(ID, KIND.pyocd_target, options={**quick, **options})


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    return Wire(monkeypatch)


def locked(**facts: Any) -> Nrf52Chip:
    chip = Nrf52Chip(**{"approtect": 0, **facts})
    chip.pin_reset()
    assert chip.locked
    return chip


def test_an_open_chip_is_connected_to_and_nothing_of_it_is_changed(wire: Wire) -> None:
    chip = Nrf52Chip()
    with wire(chip) as flasher:
        assert chip.halted
        assert flasher.fault_registers()["cfsr"] == 0
    assert (chip.erases, chip.changed) == (0, [])


@pytest.mark.parametrize("variant", ["AAC0", "AAF0"])
def test_a_locked_chip_is_refused_and_keeps_what_it_holds(wire: Wire, variant: str) -> None:
    chip = locked(variant=variant)
    held = bytes(chip.flash)
    image = Image.load(prebuilt_dir(KIND.name) / "fastgrnn_digits-q15.elf")
    board = Board("desk-dk", KIND, "socket://nowhere", lambda: wire(chip))
    with pytest.raises(ChipError) as error, Session(board, image):
        pass
    assert error.value.board == "desk-dk"
    assert str(error.value) == (
        f"desk-dk: the nrf52840 behind the debug probe {ID} is locked against debuggers "
        "(APPROTECTSTATUS of its CTRL-AP reads 0: it is enabled; nothing of it can be read or written); "
        "--allow-mass-erase unlocks it and erases all of its flash and UICR; by hand "
        f"`pyocd erase --mass --target nrf52840 --uid {ID}` does. It is never done unasked"
    )
    assert (chip.erases, chip.changed, chip.locked) == (0, [], True)
    assert chip.flash == held


def test_firmware_that_does_not_open_the_port_locks_a_newer_chip(wire: Wire) -> None:
    """UICR says that it may be open."""
    chip = locked(approtect=HW_DISABLED, opens=False)
    with pytest.raises(ChipError, match="is locked against debuggers"), wire(chip):
        pass


def test_who_asks_for_it_gets_it_erased_and_opened_for_good(wire: Wire) -> None:
    chip = locked()
    with wire(chip, **MASS_ERASE):
        assert chip.halted
    assert chip.erases == 1
    assert chip.flash == b"\xff" * FLASH_BYTES
    assert chip.word(UICR_APPROTECT) & 0xFF == HW_DISABLED
    chip.opens = True  # as the lab's firmware does
    chip.pin_reset()
    assert not chip.locked


def test_a_chip_that_is_open_is_not_erased_by_who_allows_it(wire: Wire) -> None:
    chip = Nrf52Chip()
    with wire(chip, **MASS_ERASE):
        pass
    assert chip.erases == 0


def test_one_that_no_erase_opens_is_erased_once(wire: Wire) -> None:
    chip = locked(stays_locked=True)
    with (
        pytest.raises(ChipError, match="is still locked after all of it was erased") as error,
        wire(chip, **MASS_ERASE),
    ):
        pass
    assert "power-cycle it" in str(error.value)
    assert chip.erases == 1


def test_another_chip_of_the_maker_is_refused(wire: Wire) -> None:
    chip = Nrf52Chip(part=0x52833)
    with pytest.raises(ChipError, match=r"is no nrf52840 .*INFO.PART reads 0x00052833") as error, wire(chip):
        pass
    assert "nothing was erased" in str(error.value)
    assert (chip.erases, chip.changed) == (0, [])


def test_another_chip_that_was_locked_is_not_said_to_hold_what_it_held(wire: Wire) -> None:
    """While it is locked it does not tell what it is."""
    with (
        pytest.raises(ChipError, match="it was locked, and all of it was erased"),
        wire(locked(part=0x52833), **MASS_ERASE),
    ):
        pass


def test_a_chip_without_the_port_is_another_makers(wire: Wire) -> None:
    class Other(Nrf52Probe):
        def read_ap(self, address: int, now: bool = True) -> Any:
            value = 0 if self.port.selected == 1 else self.port.read_ap(address)
            return value if now else lambda: value

    with pytest.raises(ChipError, match=r"is no nrf52840 .*no CTRL-AP; its access ports: IDR 0x24770011"):
        wire(Nrf52Chip(), Other).__enter__()


def test_a_newer_chip_is_not_called_locked_for_being_held_in_reset(wire: Wire) -> None:
    """Its firmware cannot open the port then. What kept us out before is told."""

    class Deaf(Nrf52Probe):
        def connect(self, protocol: object = None) -> None:
            if not self.is_reset_asserted():
                raise exceptions.TransferError("No ACK received")
            super().connect(protocol)

    chip = Nrf52Chip()
    with pytest.raises(ProbeError, match="No ACK received") as error, wire(chip, Deaf, **MASS_ERASE):
        pass
    assert "APPROTECT" not in str(error.value)
    assert "mass-erase" not in str(error.value)
    assert chip.erases == 0


@pytest.mark.parametrize("address", [0x10_0000, UICR_APPROTECT])
def test_an_image_that_lies_outside_flash_is_refused(wire: Wire, tmp_path: Path, address: int) -> None:
    """UICR is none of it, though pyOCD would write there: it would lock the chip."""
    raw = (faulty_dir(KIND.name) / "outside_flash-f32.elf").read_bytes()
    assert raw.count(struct.pack("<II", 0x10_0000, 0x10_0000)) == 1
    image = tmp_path / "outside.elf"
    image.write_bytes(
        raw.replace(struct.pack("<II", 0x10_0000, 0x10_0000), struct.pack("<II", address, address))
    )
    chip = Nrf52Chip()
    with wire(chip) as flasher, pytest.raises(ImageError, match="the image has a segment outside flash"):
        flasher.program(image)
    assert (chip.erases, chip.changed) == (0, [])
