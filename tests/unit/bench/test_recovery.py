"""The steps about a board that stops answering: in order, each once, and none for what firmware does."""

from __future__ import annotations

import contextlib
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from hil.bench import recovery, switch
from hil.bench.recovery import Recovery
from hil.errors import (
    BenchProcessError,
    ChangedError,
    ChipError,
    DeviceCrashError,
    DeviceHungError,
    DeviceRestartError,
    FlashError,
    HandshakeError,
    LabError,
    LinkError,
    ProbeError,
    ProtocolError,
    ProtocolVersionError,
)
from hil.failing import WAITS
from hil.flash.base import AttachedProbe
from hil.image import prebuilt_images
from hil.kinds import IMAGE_KINDS, KINDS
from hil.lab.boards import BoardSpec, builtin_lab
from hil.measure.elf import load_symbols

BINARY = r"import sys; sys.stdout.buffer.write(b'a\0\x1b[2Jb\n\xff\n c'); sys.exit(3)"
GONE = ProbeError("the debug probe failed while connecting", board="desk")
HUNG = DeviceHungError("no answer in 2 s", board="desk", evidence="halted at pc 0x00000100 in main")
IDLES = DeviceHungError(
    "no answer in 2 s", board="desk", evidence="halted at pc 0x00000100 in uart_wait, waiting for bytes"
)
SILENT = DeviceHungError("no answer in 2 s", board="desk", evidence="the core could not be halted: no ACK")
PROBE = AttachedProbe("066B", "ST-Link", None)


@pytest.fixture
def desk() -> BoardSpec:
    kind = replace(KINDS["qemu_mps2_an386"], emulator=None)
    return BoardSpec("desk", kind, "066B", "socket://127.0.0.1:1")


def actions(steps: Recovery) -> list[str]:
    return [one.action for one in steps.incidents]


def test_a_board_is_reset_then_power_cycled_then_left_alone(desk: BoardSpec, tmp_path: Path) -> None:
    touch = (sys.executable, "-c", "import sys; open(sys.argv[1], 'x')", str(tmp_path / "switched"))
    steps = Recovery(replace(desk, power_cycle=touch), lambda: [PROBE])
    assert steps.again(SILENT)
    assert steps.again(GONE)
    assert (tmp_path / "switched").exists()
    assert steps.left_alone is None
    assert not steps.again(GONE)
    assert steps.left_alone == str(GONE)
    assert actions(steps) == [
        "reset through its debug probe, all its vectors run again",
        "power-cycled, all its vectors run again",
        "left alone for the rest of the run",
    ]
    assert [one.evidence for one in steps.incidents] == [str(SILENT), str(GONE), str(GONE)]
    assert all(one.board == "desk" for one in steps.incidents)
    told = [line.text for line in steps.log.lines()]
    assert [one.split(": ")[0] for one in told] == [one.kind for one in steps.incidents]
    assert "power-cycled, all its vectors run again, which took " in told[1]


def test_without_a_way_to_switch_it_the_second_failure_is_the_last(desk: BoardSpec) -> None:
    steps = Recovery(desk, lambda: [PROBE])
    assert steps.again(LinkError("the serial port went away"))
    assert not steps.again(GONE)
    assert steps.left_alone == str(GONE)


def test_firmware_that_hangs_again_is_at_fault_and_not_its_board(desk: BoardSpec) -> None:
    steps = Recovery(replace(desk, power_cycle=("false",)), lambda: [PROBE])
    assert steps.again(HUNG)
    assert not steps.again(HUNG)
    assert steps.left_alone is None
    assert [one.kind for one in steps.incidents] == ["stopped answering", "firmware hangs"]


def test_firmware_that_starts_again_and_again_is_at_fault(desk: BoardSpec) -> None:
    """A watchdog of its own, or a supply that breaks down under it: the next image tells."""
    steps = Recovery(desk, lambda: [PROBE])
    error = DeviceRestartError("the firmware started again")
    assert steps.again(error)
    assert not steps.again(error)
    assert steps.left_alone is None
    assert [one.kind for one in steps.incidents] == ["started again", "firmware restarts"]


def test_firmware_that_waits_for_bytes_is_not_what_hangs(desk: BoardSpec) -> None:
    """Its line is cut: no image will do better."""
    steps = Recovery(desk, lambda: [PROBE])
    assert steps.again(IDLES)
    assert not steps.again(IDLES)
    assert steps.left_alone == str(IDLES)


def test_another_chip_is_neither_reset_nor_switched(desk: BoardSpec) -> None:
    steps = Recovery(replace(desk, power_cycle=("/nowhere/relay",)), lambda: [PROBE])
    error = ChipError("the chip behind the debug probe 066B is no stm32l475xg", board="desk")
    assert not steps.again(error)
    assert steps.left_alone == str(error)
    assert actions(steps) == ["left alone for the rest of the run"]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (SILENT, "stopped answering"),
        (GONE, "debug probe failed"),
        (FlashError("flash failed while programming"), "flash failed"),
        (LinkError("the serial port /dev/ttyACM0 went away"), "serial port lost"),
    ],
)
def test_an_incident_says_what_failed(desk: BoardSpec, error: ProbeError, kind: str) -> None:
    steps = Recovery(desk, lambda: [PROBE])
    assert steps.again(error)
    assert not steps.again(error)
    assert [one.kind for one in steps.incidents] == [kind, kind]


@pytest.mark.parametrize(
    "error",
    [
        DeviceCrashError("a fault", registers={"pc": 1}),
        HandshakeError("another image"),
        ProtocolError("the firmware refused vector 3"),
        ProtocolVersionError("the firmware speaks protocol 7"),
        ChangedError("vector 3 has another output"),
        LabError("is in use"),
        KeyboardInterrupt(),
        None,
    ],
)
def test_what_no_step_helps_against_takes_none(desk: BoardSpec, error: BaseException | None) -> None:
    steps = Recovery(desk, lambda: [PROBE])
    assert not steps.again(error)
    assert steps.incidents == []


def test_an_emulator_of_a_pool_is_thrown_away_instead() -> None:
    (board,) = builtin_lab().boards
    assert not Recovery(board, list).again(GONE)


def test_an_emulator_that_was_killed_from_outside_is_started_anew_once() -> None:
    (board,) = builtin_lab().boards
    steps = Recovery(board, list)
    error = BenchProcessError("QEMU ended by SIGKILL", board="qemu")
    assert steps.again(error)
    assert not steps.again(error)
    assert [(one.kind, one.action) for one in steps.incidents] == [
        ("killed from outside", "started anew, all its vectors run again")
    ]


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (("/nowhere/relay",), "/nowhere/relay: [Errno 2]"),
        (("a\0b",), "embedded null byte"),
        ((sys.executable, "-c", "import sys; sys.exit('no such hub')"), "exit code 1, no such hub"),
        ((sys.executable, "-c", BINARY), r"exit code 3, a\x00\x1b[2Jb � c"),
        ((sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"), "ended by signal 9"),
    ],
)
def test_a_power_switch_that_fails_is_told_and_the_board_tried_all_the_same(
    desk: BoardSpec, command: tuple[str, ...], told: str
) -> None:
    steps = Recovery(replace(desk, power_cycle=command), lambda: [PROBE])
    assert steps.again(GONE)
    assert steps.again(GONE)
    assert actions(steps)[1].startswith("its power could not be switched: ")
    assert told in actions(steps)[1]


def test_a_board_that_does_not_come_back_is_not_waited_for(
    desk: BoardSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "BACK_S", 0.0)
    steps = Recovery(replace(desk, power_cycle=("true",)), list)
    assert steps.again(GONE)
    assert steps.again(GONE)


LEAVES = """
import subprocess, sys
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
"""
HANGS = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("switching", flush=True)
with open(sys.argv[1] + ".new", "w") as file:
    print(child.pid, file=file)
os.rename(sys.argv[1] + ".new", sys.argv[1])
time.sleep(600)
"""


def test_what_a_power_switch_leaves_running_is_not_waited_for() -> None:
    assert switch.switched((sys.executable, "-c", LEAVES)) is None


def test_a_power_switch_that_hangs_is_ended_with_all_that_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(switch, "POWER_S", 2.0)
    written = tmp_path / "pid"
    why = ""
    while not written.exists():  # on a slow machine it may be ended before it began
        why = switch.switched((sys.executable, "-c", HANGS, str(written))) or ""
    assert why.endswith(": it took more than 2 s, switching")
    wait_until_gone(int(written.read_text()))


def test_a_power_switch_ends_with_the_run(desk: BoardSpec, tmp_path: Path) -> None:
    written = tmp_path / "pid"
    hangs = (sys.executable, "-c", HANGS, str(written))
    steps = Recovery(replace(desk, power_cycle=hangs), lambda: [PROBE], written.exists)
    assert steps.again(GONE)
    assert not steps.again(GONE)
    assert "its power could not be switched: " in actions(steps)[1]
    assert "the run was ended meanwhile" in actions(steps)[1]


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 300
    with contextlib.suppress(FileNotFoundError):
        while Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
            assert time.monotonic() < deadline, f"process {pid} is still there"
            time.sleep(0.01)


@pytest.mark.parametrize("kind", IMAGE_KINDS)
def test_every_boards_firmware_waits_in_a_function_that_is_known_by_its_name(kind: str) -> None:
    """A core that stands there is well, and hears nothing."""
    functions = [symbol.name for symbol in load_symbols(prebuilt_images(kind)[0]) if symbol.function]
    assert any(name.endswith(WAITS) for name in functions)
