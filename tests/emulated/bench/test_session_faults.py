"""Images that misbehave, boards that die: each ends with one line that names board, cause and remedy."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench_runs import emulator_pid
from children import stop
from hil.board import Board, open_board
from hil.build.prebuilt import faulty_dir
from hil.errors import (
    DeviceCrashError,
    DeviceHungError,
    HandshakeError,
    ImageError,
    ProbeError,
    ProtocolVersionError,
    VectorError,
)
from hil.image import Image, Manifest, prebuilt_dir
from hil.lab.boards import builtin_lab
from hil.models.vectors import load_vectors
from hil.session import Session, first
from hil.values import Precision

pytestmark = [pytest.mark.emulated, pytest.mark.usefixtures("each_qemu")]

KIND = "qemu_mps2_an386"
DIGITS = load_vectors("fastgrnn_digits", Precision.F32)
HANG_AFTER_S = 1.0


@pytest.fixture(scope="module")
def board(each_qemu: None) -> Iterator[Board]:
    with open_board(builtin_lab().boards[0]) as opened:
        yield opened


def faulty(name: str) -> Image:
    return Image.load(faulty_dir(KIND) / f"{name}-f32.elf")


def digits() -> Image:
    return Image.load(prebuilt_dir(KIND) / "fastgrnn_digits-f32.elf")


def assert_board_recovers(board: Board) -> None:
    with Session(board, digits()) as session:
        report = session.measure(first(DIGITS, 3))
    assert report.value("golden_exact") == 1.0


def test_a_hang_ends_at_its_deadline_and_says_where_the_core_stands(board: Board) -> None:
    with (
        Session(board, faulty("hang"), hang_after_s=HANG_AFTER_S) as session,
        pytest.raises(DeviceHungError) as caught,
    ):
        session.infer(DIGITS.inputs[:3])
    line = str(caught.value)
    assert re.match(r"qemu: the firmware has not answered for \d+\.\d s", line)
    assert "0 of 3 vectors were answered" in line
    assert "halted at pc 0x" in line
    assert " in run" in line
    assert "\n" not in line
    assert_board_recovers(board)


def test_time_stands_for_a_board_whose_host_is_busy(board: Board) -> None:
    """The image spins, and so do others, on every processor: what the emulator waits is not its silence."""
    program = (
        "import os, sys\n"
        "os.sched_setaffinity(0, {int(sys.argv[1])})\n"
        "print('spinning', flush=True)\n"
        "while True: pass"
    )
    with ExitStack() as stack:
        session = stack.enter_context(Session(board, faulty("hang"), hang_after_s=HANG_AFTER_S))
        for processor in 2 * sorted(os.sched_getaffinity(0)):
            command = [sys.executable, "-c", program, str(processor)]
            busy = stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE))
            stack.callback(busy.kill)
            assert busy.stdout is not None
            busy.stdout.readline()
        started, board_started = time.monotonic(), board.clock()
        with pytest.raises(DeviceHungError):
            session.infer(DIGITS.inputs[:1])
        passed_s, board_passed_s = time.monotonic() - started, board.clock() - board_started
    assert 0.0 < board_passed_s < passed_s - 0.3  # a wait counts when it ends, so also what began before
    assert_board_recovers(board)


def test_a_crash_reports_pc_lr_and_the_fault_registers(board: Board) -> None:
    with Session(board, faulty("crash")) as session, pytest.raises(DeviceCrashError) as caught:
        session.infer(DIGITS.inputs[:3])
    registers = caught.value.registers
    assert registers["cfsr"] != 0
    assert registers["hfsr"] & 1 << 30  # FORCED: a configurable fault escalated
    assert 0 < registers["pc"] < board.kind.flash_bytes
    line = str(caught.value)
    assert line.startswith("qemu: the firmware crashed")
    assert all(name in line for name in ("pc 0x", "lr 0x", "cfsr 0x", "hfsr 0x", "bfar 0x"))
    assert_board_recovers(board)


def test_a_stack_overflow_is_a_crash_and_not_silence(board: Board) -> None:
    with Session(board, faulty("stack_overflow")) as session, pytest.raises(DeviceCrashError):
        session.infer(DIGITS.inputs[:1])
    assert_board_recovers(board)


def test_another_protocol_version_is_named(board: Board) -> None:
    with pytest.raises(ProtocolVersionError, match=r"^qemu: .*65535.*`hil build`") as caught:
        Session(board, faulty("other_protocol")).__enter__()
    assert "\n" not in str(caught.value)
    assert_board_recovers(board)


def test_an_image_outside_flash_is_refused_before_the_probe_sees_it(board: Board) -> None:
    with pytest.raises(ImageError, match=r"^qemu: .*0x08000000"):
        Session(board, faulty("outside_flash")).__enter__()


def test_a_damaged_elf_is_refused(board: Board, tmp_path: Path) -> None:
    elf = tmp_path / "fastgrnn_digits-f32.elf"
    content = digits().path.read_bytes()
    elf.write_bytes(content[: len(content) // 2])
    with pytest.raises(ImageError, match=r"^qemu: .*fastgrnn_digits-f32\.elf"):
        Session(board, replace(digits(), path=elf)).__enter__()


def test_an_image_that_is_not_its_manifests_is_refused(tmp_path: Path) -> None:
    elf = Path(shutil.copy(digits().path, tmp_path))
    shutil.copy(digits().path.with_suffix(".json"), tmp_path)
    content = bytearray(elf.read_bytes())
    content[-1] ^= 1
    elf.write_bytes(content)
    with pytest.raises(ImageError, match=r"does not match its manifest .*sha256 .*; run `hil build`"):
        Image.load(elf)


def test_firmware_that_is_another_than_the_manifest_says_fails_the_handshake(
    board: Board, tmp_path: Path
) -> None:
    manifest = digits().manifest
    other = replace(digits(), manifest=replace(manifest, build_id="0" * 32))
    with pytest.raises(HandshakeError, match=rf"^qemu: .*image {manifest.build_id}, expected 0000"):
        Session(board, other).__enter__()
    assert json.loads(manifest.to_json())["build_id"] == manifest.build_id
    assert Manifest.read(digits().path.with_suffix(".json")) == manifest


def test_vectors_of_the_wrong_shape_are_refused_before_anything_is_sent(board: Board) -> None:
    with Session(board, digits()) as session:
        with pytest.raises(VectorError, match=r"^qemu: vector 1 .*\(8, 7\)"):
            session.infer([DIGITS.inputs[0], np.zeros((8, 7), np.float32)])
        assert len(session.infer(DIGITS.inputs[:2])) == 2  # the session goes on


def test_a_board_that_dies_in_the_middle_is_named_as_such() -> None:
    with open_board(builtin_lab().boards[0]) as doomed, Session(doomed, digits()) as session:

        def kill_once(done: int, total: int) -> None:
            if done == 5:
                os.kill(emulator_pid(doomed), signal.SIGKILL)

        with pytest.raises(ProbeError, match=r"^qemu: .*while fastgrnn_digits/f32 ran"):
            session.infer(DIGITS.inputs, kill_once)
        assert doomed.failure() is not None


def test_a_board_that_is_stopped_for_a_while_goes_on() -> None:
    """For longer than it may be silent: nobody can blame the firmware."""
    with (
        open_board(builtin_lab().boards[0]) as stopped,
        Session(stopped, digits(), hang_after_s=HANG_AFTER_S) as session,
    ):
        pid = emulator_pid(stopped)
        later = threading.Timer(3 * HANG_AFTER_S, os.kill, (pid, signal.SIGCONT))

        def stop_once(done: int, total: int) -> None:
            if done == 5:
                stop(pid)
                later.start()

        results = session.infer(DIGITS.inputs, stop_once)
        later.join()
        assert len(results) == len(DIGITS.inputs)


def test_a_board_that_stops_for_good_is_named_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        open_board(builtin_lab().boards[0]) as stopped,
        Session(stopped, digits(), hang_after_s=HANG_AFTER_S) as session,
    ):
        pid = emulator_pid(stopped)

        def stop_once(done: int, total: int) -> None:
            if done == 5:
                stop(pid)
                for deadline in ("process.ANSWER_S", "qmp.DEADLINE_S", "clock._LONGEST_STOP_S"):
                    monkeypatch.setattr(f"hil.qemu.{deadline}", 0.5)

        with pytest.raises(ProbeError, match=r"^qemu: QEMU hangs .*while fastgrnn_digits/f32 ran"):
            session.infer(DIGITS.inputs, stop_once)
    assert not Path(f"/proc/{pid}").exists()
