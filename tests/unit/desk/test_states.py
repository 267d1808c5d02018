"""How each board stands, and who has its port, told of real locks, ports and processes."""

from __future__ import annotations

import datetime
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hil.board import open_board
from hil.desk.locks import take
from hil.desk.ports import users_of
from hil.desk.states import State, states
from hil.errors import LinkError, ProbeError
from hil.flash.base import AttachedProbe
from hil.kinds import KINDS
from hil.lab.boards import BoardSpec, builtin_lab, port_of
from hil.lab.keys import Quarantine
from hil.link.usb import UsbPorts
from usb_devices import usb_tree

HOLDS = (
    "import sys; port = open(sys.argv[1], 'rb', buffering=0); print('open', flush=True); sys.stdin.readline()"
)
PROBE = AttachedProbe("066BFF30", "ST-Link", "NUCLEO")


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HIL_RUNTIME_DIR", str(tmp_path / "runtime"))


@pytest.fixture
def port() -> Iterator[str]:
    ours, theirs = pty.openpty()
    name = os.ttyname(theirs)
    os.close(theirs)
    yield name
    os.close(ours)


@pytest.fixture
def desk(port: str) -> BoardSpec:
    kind = replace(KINDS["qemu_mps2_an386"], emulator=None)
    return BoardSpec("desk", kind, "stlink:066BFF30", port)


@pytest.fixture
def monitor(port: str) -> Iterator[int]:
    """Another program that has the port open; its process id."""
    command = [sys.executable, "-c", HOLDS, port]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        yield process.pid
        process.kill()


def state(
    board: BoardSpec, *attached: AttachedProbe, usb: UsbPorts | None = None
) -> tuple[State, str | None]:
    (one,) = states([board], lambda: attached, usb)
    return one.state, one.why


def test_a_board_whose_probe_and_port_are_there_is_ready(desk: BoardSpec) -> None:
    assert state(desk, PROBE) == (State.READY, None)


def test_an_emulated_board_asks_for_no_probe() -> None:
    def nobody() -> list[AttachedProbe]:
        raise AssertionError

    (one,) = states(builtin_lab().boards, nobody)
    assert one.state in (State.READY, State.OFFLINE)  # where no QEMU is installed


def test_what_is_missing_is_told(desk: BoardSpec) -> None:
    absent = (State.OFFLINE, "its debug probe stlink:066BFF30 is not attached")
    assert state(desk) == absent
    assert state(desk, AttachedProbe("066BFF301", "ST-Link", None)) == absent, "a part of an id is none"
    gone = replace(desk, serial="/dev/serial/by-id/none")
    assert state(gone, PROBE) == (State.OFFLINE, "its serial port /dev/serial/by-id/none is not there")
    assert state(replace(desk, serial="a\0b"), PROBE)[0] is State.OFFLINE


def test_frames_through_the_probe_want_no_port(desk: BoardSpec) -> None:
    alone = replace(desk, serial=None, link="probe")
    assert state(alone, PROBE) == (State.READY, None)
    assert state(alone)[0] is State.OFFLINE


def test_probes_that_cannot_be_listed_are_a_reason(desk: BoardSpec) -> None:
    def fail() -> list[AttachedProbe]:
        raise ProbeError("the attached debug probes cannot be listed", evidence="no permission")

    (one,) = states([desk], fail)
    assert one.state is State.OFFLINE
    assert one.why is not None
    assert "no permission" in one.why


def test_a_board_in_use_tells_by_whom(desk: BoardSpec) -> None:
    assert desk.identity is not None
    with take(desk.identity):
        found, why = state(desk, PROBE)
    assert found is State.BUSY
    assert f"process {os.getpid()}, since " in str(why)
    assert state(desk, PROBE) == (State.READY, None)


def test_a_quarantine_is_told_whether_it_is_there_or_not(desk: BoardSpec) -> None:
    board = replace(desk, quarantine=Quarantine("bent pin", datetime.date(2026, 11, 26)))
    assert state(board) == (State.QUARANTINED, "since 2026-11-26: bent pin")


def test_a_port_that_another_program_has_is_told_by_its_process(
    desk: BoardSpec, port: str, monitor: int
) -> None:
    assert [one.pid for one in users_of(port)] == [monitor]
    found, why = state(desk, PROBE)
    assert found is State.BUSY
    assert str(why).startswith(f"its serial port is open in process {monitor} (")
    with pytest.raises(LinkError, match=r"the serial port .* is open in another") as caught, open_board(desk):
        pass
    assert str(caught.value).startswith(f"desk: the serial port {port} is open")
    assert f"process {monitor} (" in str(caught.value)


def test_a_port_that_nobody_has_and_one_that_is_none() -> None:
    assert users_of("/dev/nothing") == []
    assert users_of("a\0b") == []
    assert users_of(__file__) == []


def test_a_port_is_found_by_the_serial_number_of_its_probe(desk: BoardSpec, tmp_path: Path) -> None:
    usb = usb_tree(tmp_path, ("ttyACM0", "066BFF3"), ("ttyACM1", "000066bff30"), ("ttyACM2", ""))
    board = replace(desk, serial="auto")
    assert port_of(board, usb) == str(tmp_path / "dev" / "ttyACM1")
    found, why = state(board, PROBE, usb=usb)
    assert (found, why) == (State.OFFLINE, f"its serial port {tmp_path / 'dev' / 'ttyACM1'} is not there")
    other = replace(board, probe="5555")
    with pytest.raises(LinkError, match=r"desk: no serial port belongs to the USB device .* number 5555"):
        port_of(other, usb)
    found, why = state(other, AttachedProbe("5555", "J-Link", None), usb=usb)
    assert (found, why) == (
        State.OFFLINE,
        "no serial port belongs to the USB device with the serial number 5555",
    )
