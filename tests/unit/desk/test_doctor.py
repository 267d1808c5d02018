"""What keeps boards from being used is told with what mends it."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from hil.desk import doctor, udev
from hil.desk.doctor import Finding, Grade, Machine, examine
from hil.desk.states import BoardState, State
from hil.kinds import KINDS
from hil.lab.boards import BoardSpec, builtin_lab
from hil.power.board import PowerSpec

HOLDS = (
    "import sys; port = open(sys.argv[1], 'rb', buffering=0); print('open', flush=True); sys.stdin.readline()"
)


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HIL_RUNTIME_DIR", str(tmp_path / "runtime"))


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """One with nothing plugged in."""
    return Machine(tmp_path / "sys", tmp_path / "dev", Path("/proc"), (tmp_path / "rules",))


def found(machine: Machine, what: str, *states: BoardState) -> list[Finding]:
    return [one for one in examine(machine, states) if one.what == what]


def plug_in(machine: Machine, *, node: bool, vendor: str = "0483", product: str = "374b") -> None:
    device = machine.sys / "bus" / "usb" / "devices" / "1-3"
    device.mkdir(parents=True)
    facts = {"idVendor": vendor, "idProduct": product, "serial": "066BFF30", "busnum": "1", "devnum": "7"}
    for name, text in facts.items():
        (device / name).write_text(f"{text}\n")
    if node:
        (machine.dev / "bus" / "usb" / "001").mkdir(parents=True)
        (machine.dev / "bus" / "usb" / "001" / "007").touch()


def test_a_machine_without_boards_has_its_tools_told(machine: Machine) -> None:
    findings = {one.what: one for one in examine(machine, [])}
    assert findings["Python"].seen == sys.version.split()[0]
    assert {"pyocd", "pyserial", "QEMU", "cross compiler", "host compiler"} <= set(findings)
    assert findings["debug probe"].seen == "none is attached by USB"
    assert all(one.remedy for one in findings.values() if one.grade is not Grade.OK)


def test_a_jlink_without_its_makers_library_is_told(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pyOCD says nothing, and lists none."""
    monkeypatch.setattr(doctor, "find_library", lambda name: None)
    machine = replace(machine, segger=tmp_path / "SEGGER")
    plug_in(machine, node=True, vendor="1366", product="1051")
    missing, there = found(machine, "debug probe")
    assert missing.grade is Grade.FAULT
    assert "serial number 066BFF30: its maker's library is missing" in missing.seen
    assert missing.remedy == "install SEGGER's J-Link Software and Documentation Pack"
    assert there.grade is Grade.OK
    library = tmp_path / "SEGGER" / "JLink_V824" / "libjlinkarm.so.8.24.0"
    library.parent.mkdir(parents=True)
    library.touch()
    assert found(machine, "debug probe") == [there]


def test_an_old_or_missing_emulator_is_told(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "qemu"
    for version, grade, told in (
        ("5.2.0", Grade.WARNING, "5.2.0"),
        ("7.2.22", Grade.OK, "twins of silicon boards need 9.0"),
        ("10.0.13", Grade.OK, "10.0.13"),
    ):
        program.write_text(f"#!/bin/sh\necho QEMU emulator version {version}\n")
        program.chmod(0o755)
        monkeypatch.setenv("HIL_QEMU", str(program))
        (one,) = found(machine, "QEMU")
        assert one.grade is grade
        assert told in one.seen
    monkeypatch.setenv("HIL_QEMU", str(tmp_path / "none"))
    (one,) = found(machine, "QEMU")
    assert one.grade is Grade.WARNING
    assert "is not there" in one.seen


def test_a_probe_that_may_not_be_used_is_mended_by_rules(machine: Machine) -> None:
    plug_in(machine, node=False)
    (one,) = found(machine, "debug probe")
    assert one.grade is Grade.FAULT
    assert "serial number 066BFF30: you may not use" in one.seen
    assert one.remedy is not None
    assert "hil doctor --udev-rules=/etc/udev/rules.d/" in one.remedy
    machine.rules[0].mkdir()
    (machine.rules[0] / "60-hil-lab.rules").write_text(udev.rules())
    (one,) = found(machine, "debug probe")
    assert one.remedy is not None
    assert one.remedy.startswith(f"rules for it are in {machine.rules[0]}/60-hil-lab.rules")


def test_a_probe_that_may_be_used_is_well(machine: Machine) -> None:
    plug_in(machine, node=True)
    (one,) = found(machine, "debug probe")
    assert (one.grade, one.remedy) == (Grade.OK, None)


def test_a_port_in_use_names_the_process(machine: Machine) -> None:
    ours, theirs = pty.openpty()
    port = os.ttyname(theirs)
    os.close(theirs)
    desk = BoardState(BoardSpec("desk", KINDS["qemu_mps2_an386"], "1", port), State.READY)
    (one,) = found(machine, "serial port", desk)
    assert (one.grade, one.seen) == (Grade.OK, port)
    command = [sys.executable, "-c", HOLDS, port]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        (one,) = found(machine, "serial port", desk)
        process.kill()
    assert one.grade is Grade.FAULT
    assert one.seen.startswith(f"{port} is open in process {process.pid} (")
    os.close(ours)


def powered(**where: str) -> BoardState:
    power = PowerSpec("ppk2", 3.3, 2.7, 3.6, channel=None, **where)
    return BoardState(BoardSpec("desk", KINDS["nucleo_f439zi"], "1", power=power), State.READY)


def test_a_power_probe_is_looked_for(machine: Machine, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    here, unwired = found(machine, "power probe of desk", powered(port=os.ttyname(theirs)))
    assert (here.grade, here.seen) == (Grade.OK, f"ppk2 {os.ttyname(theirs)}, 3.3 V: {os.ttyname(theirs)}")
    assert unwired.grade is Grade.WARNING
    assert "power.channel" in str(unwired.remedy)
    os.close(ours)
    os.close(theirs)
    (gone,) = found(machine, "power probe of desk", powered(serial_number="C0FFEE"))
    assert (gone.grade, gone.seen) == (Grade.FAULT, "ppk2 C0FFEE, 3.3 V: not attached")
    assert not found(
        machine, "power probe of qemu", *[BoardState(one, State.READY) for one in builtin_lab().boards]
    )


def test_a_port_that_is_not_there_is_told(machine: Machine) -> None:
    desk = BoardState(BoardSpec("desk", KINDS["qemu_mps2_an386"], "1", "/dev/none"), State.OFFLINE, "no port")
    (one,) = found(machine, "serial port", desk)
    assert (one.grade, one.seen) == (Grade.FAULT, "/dev/none: No such file or directory")
    (one,) = found(machine, "board desk", desk)
    assert (one.grade, one.seen) == (Grade.FAULT, "qemu_mps2_an386, offline: no port")


def test_a_board_that_is_ready_is_well(machine: Machine) -> None:
    (board,) = builtin_lab().boards
    (one,) = found(machine, "board qemu", BoardState(board, State.READY))
    assert (one.grade, one.seen) == (Grade.OK, "qemu_mps2_an386, ready")


def test_the_rules_are_whole_lines_for_every_family() -> None:
    lines = [line for line in udev.rules().splitlines() if line and not line.startswith("#")]
    assert lines[0] == 'ACTION=="remove", GOTO="hil_lab_end"'
    assert lines[-1] == 'LABEL="hil_lab_end"'
    for line in lines[1:-1]:
        keys = [part.split("=")[0].rstrip("+") for part in line.split(", ")]
        assert keys[0] == "SUBSYSTEM"
        assert keys[-3:] == ["MODE", "GROUP", "TAG"]
        assert all(part.endswith('"') and part.count('"') == 2 for part in line.split(", "))
    for family in udev.FAMILIES:
        assert f'"{family.vendor}"' in udev.rules()
    assert int(udev.RULES_PATH.name.split("-")[0]) < 73, "uaccess is given out there"


def test_a_device_is_told_from_a_probe() -> None:
    probe = udev.family_of("1366", "0101")
    assert probe is not None
    assert probe.name == "SEGGER J-Link"
    assert udev.family_of("0483", "df11") is None, "a chip in its boot loader"
    assert udev.family_of("", "") is None
