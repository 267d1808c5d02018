"""The steps about a board that stops answering: in order, each once, and none for what firmware does."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from hil.bench import recovery
from hil.bench.recovery import Recovery
from hil.errors import DeviceCrashError, DeviceHungError, HandshakeError, LabError, LinkError, ProbeError
from hil.flash.base import AttachedProbe
from hil.kinds import KINDS
from hil.lab.boards import BoardSpec, builtin_lab

GONE = ProbeError("the debug probe failed while connecting", board="desk")
HUNG = DeviceHungError("no answer in 2 s", board="desk", evidence="halted at pc 0x00000100 in main")
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


@pytest.mark.parametrize(
    "error",
    [
        DeviceCrashError("a fault", registers={"pc": 1}),
        HandshakeError("another image"),
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


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (("/nowhere/relay",), "/nowhere/relay: [Errno 2]"),
        (("a\0b",), "embedded null byte"),
        ((sys.executable, "-c", "import sys; sys.exit('no such hub')"), "exit code 1, no such hub"),
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
