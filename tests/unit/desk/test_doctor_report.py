"""The file that a user sends after a first run: what it holds, and what it does not."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from calibrated import BEGAN, CHIP, TWIN, estimated, measured, stored
from hil.cli import main
from hil.commands.reports.doctor import report
from hil.desk import udev
from hil.desk.doctor import Machine
from hil.desk.states import BoardState, State
from hil.flash.base import AttachedProbe
from hil.kinds import KINDS
from hil.lab.boards import BoardSpec
from hil.lab.keys import Quarantine
from hil.power.board import PowerSpec
from hil_db.records import Incident, Status

PROBE = "066BFF303435554157121019"
LINK = f"usb-STMicroelectronics_STM32_STLink_{PROBE}-if02"


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HIL_RUNTIME_DIR", str(tmp_path / "runtime"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """One with a discovery kit plugged in, as Linux lays it out."""
    device = tmp_path / "sys" / "devices" / "usb1" / "1-3"
    interface = device / "1-3:1.2"
    (interface / "tty" / "ttyACM0").mkdir(parents=True)
    facts = {
        "idVendor": "0483", "idProduct": "374b", "serial": PROBE, "busnum": "1", "devnum": "7",
        "manufacturer": "STMicroelectronics", "product": "STM32 STLink",
    }  # fmt: skip
    for name, text in facts.items():
        (device / name).write_text(f"{text}\n")
    (interface / "bInterfaceNumber").write_text("02\n")
    for folder, name, target in (
        ("bus/usb/devices", "1-3", device),
        ("class/tty/ttyACM0", "device", interface),
    ):
        (tmp_path / "sys" / folder).mkdir(parents=True)
        (tmp_path / "sys" / folder / name).symlink_to(target)
    (tmp_path / "dev" / "serial" / "by-id").mkdir(parents=True)
    (tmp_path / "dev" / "ttyACM0").touch()
    (tmp_path / "dev" / "serial" / "by-id" / LINK).symlink_to(tmp_path / "dev" / "ttyACM0")
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / udev.RULES_PATH.name).write_text(udev.rules())
    return Machine(tmp_path / "sys", tmp_path / "dev", Path("/proc"), (tmp_path / "rules",))


def desk(machine: Machine) -> BoardState:
    spec = BoardSpec(
        "desk-1", KINDS["b_l475e_iot01a"], PROBE, str(machine.dev / "serial" / "by-id" / LINK),
        power_cycle=("/usr/bin/relay", "--key", "hunter2"), tags=("desk",),
        quarantine=Quarantine("bent pin", date(2026, 11, 26)),
        power=PowerSpec("ppk2", 3.3, 1.71, 3.6, serial_number="C0FFEE1234"),
    )  # fmt: skip
    return BoardState(spec, State.READY)


def first_run(folder: Path) -> str:
    """A database with a session that finished and one that did not, whose error names things."""
    silent = replace(
        measured(), status=Status.FAILED, measures=(), samples=(), probe=PROBE,
        error=f"desk-1: no debug probe {PROBE} is attached (attached: 066BFF303435554157129999)",
        incidents=(Incident("desk-1", "board silent", "was reset", BEGAN, f"probe {PROBE}", 2.5),),
    )  # fmt: skip
    return stored(folder, measured(), silent, estimated())


def test_it_holds_the_machine_the_board_and_what_its_sessions_said(machine: Machine, tmp_path: Path) -> None:
    attached = [AttachedProbe(PROBE, "STM32 STLink", "B-L475E-IOT01A", target="stm32l475xg")]
    told = report(machine, [], [desk(machine)], attached, first_run(tmp_path), lab="lab.toml")
    text = json.dumps(told)
    for secret in (PROBE, "hunter2", "066BFF303435554157129999", "C0FFEE1234"):
        assert secret not in text
    (device,) = told["usb"]
    assert device["usb"] == "0483:374b"
    assert device["family"] == "ST-Link V2, V2-1"
    assert device["ports"] == [told["ports"][0]["port"]]
    assert device["serial"] == told["attached"][0]["unique_id"] == told["boards"][0]["lab"]["probe"]
    assert told["ports"][0]["links"] == [told["boards"][0]["lab"]["serial"]]
    assert told["udev"]["up_to_date"] is True
    assert told["boards"][0]["lab"]["power_cycle"] == "relay, and 2 arguments"
    assert told["boards"][0]["lab"]["quarantine"] == "since 2026-11-26: bent pin"
    assert told["boards"][0]["lab"]["tags"] == ["desk"]
    assert told["boards"][0]["lab"]["power"]["supply_v"] == 3.3
    assert told["boards"][0]["kind"]["conditions"]["wait_states"] == 4.0
    said = told["lately"]["desk-1"]
    good, bad = said["sessions"]
    assert (good["status"], good["versions"]["chip"], good["versions"]["pyocd"]) == ("finished", CHIP, "0.46")
    cycles = next(one for one in good["measures"] if one["metric"] == "latency_cycles")
    assert (cycles["method"], cycles["technique"], cycles["value"]) == ("measured", "dwt", 1100.0)
    assert bad["error"] == f"desk-1: no debug probe {device['serial']} is attached (attached: <serial 3>)"
    assert bad["probe"] == device["serial"]
    (incident,) = said["incidents"]
    assert (incident["kind"], incident["seconds"]) == ("board silent", 2.5)
    assert TWIN not in told["lately"]
    assert {"hil", "python", "pyocd", "pyserial"} <= set(told["versions"])
    assert told["system"]["kernel"]
    assert "look through it before you send it" in told["about"]


def test_serial_numbers_are_in_it_where_they_are_asked_for(machine: Machine, tmp_path: Path) -> None:
    told = report(machine, [], [desk(machine)], [], first_run(tmp_path), lab="lab.toml", serials=True)
    assert told["usb"][0]["serial"] == PROBE
    assert "hunter2" not in json.dumps(told)
    assert "<serial" not in told["about"]


def test_without_a_lab_file_it_tells_of_the_boards_of_silicon_that_ran(tmp_path: Path) -> None:
    nothing = Machine(tmp_path, tmp_path, tmp_path, ())
    told = report(nothing, [], [], [], first_run(tmp_path), lab=None)
    assert list(told["lately"]) == ["desk-1"]
    assert (told["usb"], told["ports"], told["attached"]) == ([], [], [])


def test_the_command_writes_it_also_where_everything_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("lab.toml").write_text("[boards.x]\nkin = 1  # hunter2\n")
    assert main(["doctor", "--lab=lab.toml", "--report=report.json"]) == 1
    assert capsys.readouterr().out.splitlines()[-1].startswith("wrote report.json, without serial numbers: ")
    told = json.loads(Path("report.json").read_text())
    assert any("did you mean 'kind'?" in one["seen"] for one in told["findings"])
    assert told["lately"]["unknown"].startswith("there is no database ")
    assert "hunter2" not in json.dumps(told)


def test_options_of_the_report_need_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--with-serials"]) == 1
    assert "are of --report; name the file with --report" in capsys.readouterr().err
