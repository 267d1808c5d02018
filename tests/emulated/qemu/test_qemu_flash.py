"""Unmodified pyOCD flashes an emulated board through our own flasher."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from children import stop
from hil.bench.probes import unlisted_probes
from hil.errors import FlashError, HilError, ProbeError
from hil.flash.pyocd import PyOcdFlasher, attached_probes
from hil.measure.elf import load_segments
from hil.qemu.process import QemuProcess

pytestmark = pytest.mark.emulated

COUNTER = 0x2000_0000  # what the images count in
WAIT_S = 60.0  # there for a hang

Connect = Callable[[QemuProcess], PyOcdFlasher]
Listen = Callable[[QemuProcess, Callable[[], None]], bytes]


def _pid(process: QemuProcess) -> int:
    watcher = process._process.pid
    return int(Path(f"/proc/{watcher}/task/{watcher}/children").read_text().split()[0])


def test_programs_verifies_and_runs(
    qemu: QemuProcess, connect: Connect, images: Path, first_line: Listen
) -> None:
    size = sum(len(segment.data) for segment in load_segments(images / "one.elf"))
    with connect(qemu) as flasher:
        report = flasher.program(images / "one.elf")
        assert (report.bytes_total, report.pages_programmed, report.pages_skipped) == (size, 3, 0)
        assert first_line(qemu, flasher.reset_and_run) == b"one\n"
        flasher.halt()
        registers = flasher.fault_registers()
        assert registers["pc"] < 4096
        assert registers["cfsr"] == registers["hfsr"] == 0


def test_a_script_in_the_current_folder_is_not_run(
    qemu: QemuProcess, connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pyocd_user.py").write_text("open('sprung', 'w')")
    monkeypatch.chdir(tmp_path)
    with connect(qemu):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["pyocd_user.py"]


def test_skips_what_a_running_board_already_holds(
    qemu: QemuProcess, connect: Connect, images: Path, first_line: Listen
) -> None:
    with connect(qemu) as flasher:
        flasher.program(images / "one.elf")
        flasher.reset_and_run()
    with connect(qemu) as flasher:
        report = flasher.program(images / "one.elf")
        assert (report.pages_programmed, report.pages_skipped) == (0, 3)
        assert first_line(qemu, flasher.reset_and_run) == b"one\n"


def test_replaces_another_image(
    qemu: QemuProcess, connect: Connect, images: Path, first_line: Listen
) -> None:
    for name in ("one", "two", "one"):
        with connect(qemu) as flasher:
            flasher.program(images / f"{name}.elf")
            assert first_line(qemu, flasher.reset_and_run) == f"{name}\n".encode()


def test_leaves_the_board_running(qemu: QemuProcess, connect: Connect, images: Path) -> None:
    with connect(qemu) as flasher:
        flasher.program(images / "one.elf")
        flasher.reset_and_run()
        before = flasher._target.read32(COUNTER)
    with connect(qemu) as flasher:
        deadline = time.monotonic() + WAIT_S
        while flasher._target.read32(COUNTER) == before:
            assert time.monotonic() < deadline, "the core stands"


def test_blank_flash_does_not_end_the_emulator(qemu: QemuProcess, connect: Connect) -> None:
    with connect(qemu) as flasher:
        flasher.reset_and_run()
    assert qemu.exit_reason() is None


def test_flashes_the_right_one_of_two(connect: Connect, images: Path, first_line: Listen) -> None:
    with QemuProcess.start(name="left") as left, QemuProcess.start(name="right") as right:
        assert sorted(probe.description for probe in attached_probes()) == [
            "QEMU mps2-an386 left",
            "QEMU mps2-an386 right",
        ]
        with connect(left) as flasher:
            flasher.program(images / "one.elf")
            with connect(right) as other:
                other.program(images / "two.elf")
                assert first_line(right, other.reset_and_run) == b"two\n"
            assert first_line(left, flasher.reset_and_run) == b"one\n"


def test_an_emulator_is_no_candidate_for_a_lab_file(qemu: QemuProcess) -> None:
    listed = [probe for probe in attached_probes() if probe.unique_id == qemu.board.unique_id]
    assert [probe.is_emulated for probe in listed] == [True]
    assert not any(qemu.board.unique_id in line for line in unlisted_probes(attached_probes))


def test_a_part_of_an_id_is_not_enough(qemu: QemuProcess) -> None:
    with (
        pytest.raises(ProbeError, match="no debug probe qemu:mps2") as error,
        PyOcdFlasher("qemu:mps2-an386-", "mps2_an386"),
    ):
        pass
    assert error.value.evidence is not None
    assert qemu.board.unique_id in error.value.evidence


def test_unknown_target_is_named(qemu: QemuProcess) -> None:
    with (
        pytest.raises(ProbeError, match="does not know the target no_such_chip"),
        PyOcdFlasher(qemu.probe_id, "no_such_chip"),
    ):
        pass


def test_a_skipped_page_is_verified_too(
    qemu: QemuProcess, connect: Connect, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A flash that changes after the pages were compared: pyOCD is content, the flasher is not."""
    with connect(qemu) as flasher:
        flasher.program(images / "one.elf")
        programmed = flasher._program

        def then_spoil(segments: list[object]) -> None:
            programmed(segments)  # type: ignore[arg-type]
            flasher._target.write_memory_block8(0x1234, [0x00])

        monkeypatch.setattr(flasher, "_program", then_spoil)
        with pytest.raises(FlashError, match=r"does not hold one\.elf") as error:
            flasher.program(images / "one.elf")
        assert error.value.evidence is not None
        assert "1 bytes differ, first at 0x00001234" in error.value.evidence


def test_kill_in_mid_session_is_told(qemu: QemuProcess, connect: Connect, images: Path) -> None:
    with connect(qemu) as flasher:
        flasher.program(images / "one.elf")
        os.kill(_pid(qemu), signal.SIGKILL)
        with pytest.raises(HilError, match="QEMU ended by SIGKILL"):
            flasher.program(images / "two.elf")
    assert qemu.exit_reason() == "QEMU ended by SIGKILL"


def test_what_killed_it_is_told_by_a_watcher_that_comes_late(
    qemu: QemuProcess, connect: Connect, images: Path
) -> None:
    """On a busy machine the sockets of an emulator close long before its watcher has written why."""
    watcher = qemu._process.pid
    late = threading.Timer(1.5, os.kill, (watcher, signal.SIGCONT))
    with connect(qemu) as flasher:
        emulator = _pid(qemu)
        os.kill(watcher, signal.SIGSTOP)
        os.kill(emulator, signal.SIGKILL)
        late.start()
        with pytest.raises(HilError, match="QEMU ended by SIGKILL"):
            flasher.program(images / "two.elf")
        late.join()


def test_a_stopped_emulator_is_not_waited_for(
    qemu: QemuProcess, connect: Connect, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connect(qemu) as flasher:
        opened = flasher._session.probe.opened
        stop(_pid(qemu))
        for client in (opened._gdb, opened._qmp):  # not before: it took as long as it liked to connect
            monkeypatch.setattr(client, "_deadline_s", 0.2)
        with pytest.raises(ProbeError, match=r"did not answer for 0\.2 s"):
            flasher.program(images / "one.elf")
        os.kill(_pid(qemu), signal.SIGCONT)
