"""What `hil lab init` writes is read as it is, and names what is attached."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from pyocd.board.board_ids import BOARD_ID_TO_INFO

from hil.flash.base import AttachedProbe
from hil.lab.boards import Lab
from hil.lab.file import load_lab
from hil.lab.text import lab_text
from hil.link.usb import UsbPorts
from hil.power.attached import Attached
from usb_devices import usb_tree

NUCLEO = AttachedProbe("066BFF30", "ST-Link V2-1", "NUCLEO-F439ZI", target="stm32f439zitx")
OTHER = AttachedProbe("0D28", "DAPLink\nodd", "LPC55", target="lpc55s69")
BARE = AttachedProbe("683459512", "J-Link", None)
EMULATOR = AttachedProbe("mps2-1", "QEMU", "mps2-an386", is_emulated=True, target="mps2_an386")


def written(folder: Path, usb: UsbPorts, *attached: AttachedProbe) -> tuple[Lab, str, list[str]]:
    text, notes = lab_text(attached, usb)
    path = folder / "lab.toml"
    path.write_text(text)
    return load_lab(path), text, notes


def test_with_nothing_attached_it_says_so_and_names_the_emulated_board(tmp_path: Path) -> None:
    lab, text, notes = written(tmp_path, usb_tree(tmp_path), EMULATOR)
    assert [(board.name, board.kind.name) for board in lab.boards] == [("qemu", "qemu_mps2_an386")]
    assert notes == ["no debug probe is attached: the lab file names the emulated board"]
    schema = text.splitlines()[0].removeprefix("#:schema file://")
    assert Path(schema).is_file()


def test_boards_of_a_known_kind_are_named_with_their_ports(tmp_path: Path) -> None:
    usb = usb_tree(tmp_path, ("ttyACM3", "066bff30"))
    second = replace(NUCLEO, unique_id="066BFF31")
    lab, text, notes = written(tmp_path, usb, NUCLEO, second, EMULATOR)
    assert [(one.name, one.probe, one.serial) for one in lab.boards] == [
        ("nucleo-f439zi-1", "066BFF30", "auto"),
        ("nucleo-f439zi-2", "066BFF31", "auto"),
    ]
    assert f'serial = "auto"  # {tmp_path}/dev/ttyACM3 now' in text
    (note,) = notes
    assert note.startswith("ST-Link V2-1 (NUCLEO-F439ZI): it has no serial port of its own")


def test_a_power_probe_is_a_comment_that_is_right_once_it_is_none(tmp_path: Path) -> None:
    kit = Attached("ppk2", "/dev/ttyACM5", "C0FFEE")
    text, notes = lab_text([NUCLEO], usb_tree(tmp_path, ("ttyACM3", "066bff30")), [kit])
    path = tmp_path / "lab.toml"
    path.write_text(text)
    assert load_lab(path).boards[0].power is None
    assert notes == ["ppk2 at /dev/ttyACM5: its table is a comment, say in which board's supply it is"]
    begin = text.index("# [boards.nucleo-f439zi-1.power]")
    path.write_text(text[:begin] + text[begin:].replace("# ", "", 1).replace("\n# ", "\n"))
    power = load_lab(path).boards[0].power
    assert power is not None
    assert (power.driver, power.serial_number, power.channel) == ("ppk2", "C0FFEE", 0)


def test_what_is_of_no_known_kind_is_a_comment(tmp_path: Path) -> None:
    lab, text, notes = written(tmp_path, usb_tree(tmp_path), OTHER, BARE)
    assert [board.name for board in lab.boards] == ["qemu"]
    assert '# probe = "683459512"' in text
    assert "DAPLink?odd (LPC55)" in text, "a name cannot leave its comment"
    assert len(notes) == 2
    assert all("of no kind that is known here" in note for note in notes)


@pytest.mark.parametrize(("board_id", "kind"), [("0764", "b_l475e_iot01a"), ("0797", "nucleo_f439zi")])
def test_a_board_is_known_by_its_name_or_its_target(tmp_path: Path, board_id: str, kind: str) -> None:
    """What pyOCD tells of the board behind a probe: its target may be one of a pack, which is no kind's."""
    info = BOARD_ID_TO_INFO[board_id]
    probe = AttachedProbe("066BFF30", "ST-Link V2-1", info.name, target=info.target)
    lab, _, _ = written(tmp_path, usb_tree(tmp_path), probe)
    assert [board.kind.name for board in lab.boards] == [kind]
