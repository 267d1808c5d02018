"""A board's power probe in the lab file: what its kind allows, and where a mistake stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil.errors import LabError
from hil.kinds import KINDS
from hil.lab.boards import BoardSpec, builtin_lab
from hil.lab.file import load_lab

SILICON = """[boards.desk-1]
kind = "nucleo_f439zi"
probe = "066B"
serial = "/dev/b"

[boards.desk-1.power]
driver = "ppk2"
port = "/dev/a"
supply_v = 3.3
"""
EMULATED = '[boards.q]\nkind = "qemu_mps2_an386"\n'


def read(folder: Path, text: str) -> BoardSpec:
    path = folder / "lab.toml"
    path.write_text(text)
    (board,) = load_lab(path).boards
    return board


def test_a_board_of_silicon_has_none_unless_it_is_told(tmp_path: Path) -> None:
    assert read(tmp_path, SILICON.partition("[boards.desk-1.power]")[0]).power is None


def test_a_probe_of_silicon_is_what_the_file_says(tmp_path: Path) -> None:
    power = read(tmp_path, SILICON + 'channel = 3\nsource = "board"\nshunt = "JP5"\nmost_v = 3.4\n').power
    assert power is not None
    assert (power.driver, power.port, power.supply_v, power.channel) == ("ppk2", "/dev/a", 3.3, 3)
    assert (power.least_v, power.most_v, power.source, power.shunt) == (2.7, 3.4, False, "JP5")
    assert power.conditions == {"supply_v": 3.3, "probe_is": "ampere meter", "shunt": "JP5"}


def test_a_pin_that_is_not_wired_is_not_taken_for_one(tmp_path: Path) -> None:
    power = read(tmp_path, SILICON).power
    assert power is not None
    assert power.channel is None


def test_an_emulated_board_has_one_of_its_own(tmp_path: Path) -> None:
    (board,) = builtin_lab().boards
    assert board.power is not None
    assert read(tmp_path, EMULATED).power == board.power
    assert board.power.channel == 0
    assert {one.power is not None for one in builtin_lab().known} == {True}


def test_an_emulated_board_may_have_none(tmp_path: Path) -> None:
    assert read(tmp_path, EMULATED + "power = false\n").power is None


@pytest.mark.parametrize(
    ("text", "told", "line"),
    [
        (
            SILICON.replace("3.3", "1.8"),
            "desk-1: power.supply_v is 1.8: a nucleo_f439zi may have 2.7 to 3.6 V",
            9,
        ),
        (SILICON.replace("3.3", "5"), "power.supply_v is 5: a nucleo_f439zi may have 2.7 to 3.6 V", 9),
        (SILICON + "most_v = 3.2\n", "power.supply_v is 3.3: a nucleo_f439zi may have 2.7 to 3.2 V", 9),
        (SILICON + "most_v = 5.0\n", "power.most_v is 5: a nucleo_f439zi may have 2.7 to 3.6 V", 10),
        (SILICON + "least_v = 3.4\nmost_v = 3.0\n", "power.least_v is more than most_v, 3", 10),
        (SILICON.replace('"ppk2"', '"replay"'), "power.driver is 'replay', which knows what was recorded", 7),
        (SILICON.replace('"ppk2"', '"pkk2"'), "power.driver is 'pkk2', which no driver is called", 7),
        (SILICON.replace("supply_v", "suply_v"), "did you mean 'supply_v'?", 9),
        (SILICON.replace("supply_v = 3.3", ""), "desk-1: power has no supply_v", 6),
        (SILICON.replace('port = "/dev/a"', ""), "desk-1: power has neither port nor serial_number", 6),
        (EMULATED + 'power = { fault = "unplugg:3" }\n', "did you mean 'unplug'?", 3),
        (EMULATED + 'power = { fault = "lose:3" }\n', "power.fault is wrong: lose takes 2 numbers", 3),
        (EMULATED + 'power = { fault = "rate:9" }\n', "power.fault is wrong: 'rate:9' has a number", 3),
        (EMULATED + 'power = { port = "/dev/a" }\n', "q: power.port is not of emulated boards", 3),
        (EMULATED + "power = { supply_v = 5 }\n", "power.supply_v is 5: a qemu_mps2_an386 may have 1.71", 3),
        (EMULATED + f"power = {{ supply_v = 1{'0' * 400} }}\n", "power.supply_v is more volts than any", 3),
        (SILICON + f"most_v = 1{'0' * 400}\n", "power.most_v is more volts than any board has", 10),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, text: str, told: str, line: int) -> None:
    with pytest.raises(LabError) as caught:
        read(tmp_path, text)
    assert told in str(caught.value)
    assert f"line {line}, column" in str(caught.value)


def test_two_boards_cannot_have_one_probe(tmp_path: Path) -> None:
    other = SILICON.replace("desk-1", "desk-2").replace("066B", "066C").replace("/dev/b", "/dev/c")
    path = tmp_path / "lab.toml"
    path.write_text(SILICON + other)
    with pytest.raises(LabError, match=r"desk-2: shares its power probe with desk-1"):
        load_lab(path)


def test_every_kind_says_what_it_may_be_given() -> None:
    for kind in KINDS.values():
        assert 1.6 < kind.supply.least_v < kind.supply.most_v <= 3.6
        assert kind.supply.source
        assert (kind.currents is not None) == (kind.emulator is not None)
