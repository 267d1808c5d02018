"""Boards that stop answering are reset, power-cycled, left alone; each step is told and stored."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from bench_runs import rows, run_bench
from hil.qemu.process import QemuProcess
from silicon import lab_of, on_the_desk, table

pytestmark = pytest.mark.emulated

TWO = ("--board=all", "--model=fastgrnn_digits/q7,fastgrnn_digits/q15", "--vectors=5", "--lab=lab.toml")
SUPPORT = str(Path(__file__).parents[2] / "support")

# At the first measurement ({times} of them) something befalls the emulator behind the board.
STRIKE = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {support!r})
from bench_runs import emulator_pid
from hil.qemu.qmp import QmpClient
from hil.session import Session

measure, struck = Session.measure, []

def strike(self, *given):
    if self.board.name == "desk" and len(struck) < {times}:
        struck.append(self)
        {what}
    return measure(self, *given)

Session.measure = strike
"""
STANDS = 'QmpClient(Path(self.board.serial_url[7:]).parent / "health.sock").command("stop")'
STOPS = "os.kill(emulator_pid(self.board), signal.SIGSTOP)"
DIES = "os.kill(emulator_pid(self.board), signal.SIGKILL)"


@pytest.fixture(autouse=True)
def _own_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with TemporaryDirectory(prefix="hil-") as folder:
        monkeypatch.setenv("HIL_RUNTIME_DIR", folder)
        yield


@pytest.fixture
def desk() -> Iterator[QemuProcess]:
    with on_the_desk() as process:
        yield process


def struck(folder: Path, what: str, times: int = 1) -> None:
    with (folder / "conftest.py").open("a") as file:
        file.write(STRIKE.format(support=SUPPORT, what=what, times=times))


def incidents(folder: Path) -> list[tuple[object, ...]]:
    return rows(folder, "select board, kind, action from incident where session_id is not null order by id")


def bench(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return run_bench(folder, *TWO, "--hang-after=20", *more)


def test_a_core_that_stands_is_reset_and_its_vectors_run_again(desk: QemuProcess, tmp_path: Path) -> None:
    lab_of(tmp_path, table("desk", desk.probe_id, desk.serial_url))
    struck(tmp_path, STANDS)
    done = bench(tmp_path)
    assert "2 passed" in done.stdout, done.stdout + done.stderr
    assert (
        "desk: stopped answering: reset through its debug probe, all its vectors run again (" in done.stdout
    )
    assert incidents(tmp_path) == [
        ("desk", "stopped answering", "reset through its debug probe, all its vectors run again")
    ]
    assert rows(tmp_path, "select distinct status from session") == [("finished",)]


def test_a_board_that_a_reset_does_not_reach_is_power_cycled(desk: QemuProcess, tmp_path: Path) -> None:
    """Its emulator is stopped, probe and all, until the switch lets it go on."""
    watcher = desk._process.pid
    pid = int(Path(f"/proc/{watcher}/task/{watcher}/children").read_text().split()[0])
    switch = f"import os, signal; os.kill({pid}, signal.SIGCONT)"
    power = f'power_cycle = ["{sys.executable}", "-c", "{switch}"]'
    lab_of(tmp_path, table("desk", desk.probe_id, desk.serial_url, power))
    struck(tmp_path, STOPS)
    done = bench(tmp_path)
    assert "2 passed" in done.stdout, done.stdout + done.stderr
    assert [action for _, _, action in incidents(tmp_path)] == [
        "reset through its debug probe, all its vectors run again",
        "power-cycled, all its vectors run again",
    ]


def test_a_dead_board_is_left_alone_and_changes_nothing_of_another(desk: QemuProcess, tmp_path: Path) -> None:
    with on_the_desk("other") as other:
        lab_of(
            tmp_path,
            table("desk", desk.probe_id, desk.serial_url),
            table("other", other.probe_id, other.serial_url),
        )
        struck(tmp_path, DIES)
        done = bench(tmp_path)
    assert "2 failed, 2 passed" in done.stdout, done.stdout + done.stderr
    assert "desk: stopped answering: left alone for the rest of the run (" in done.stdout
    assert "desk: is left alone for the rest of the run (" in done.stdout
    assert [action for board, _, action in incidents(tmp_path)] == [
        "reset through its debug probe, all its vectors run again",
        "left alone for the rest of the run",
    ]
    assert rows(tmp_path, "select board, status from session order by board, status") == [
        ("desk", "failed"),
        ("other", "finished"),
        ("other", "finished"),
    ]


def test_of_a_pool_another_board_takes_the_image_of_a_dead_one(desk: QemuProcess, tmp_path: Path) -> None:
    with on_the_desk("other") as other:
        lab_of(
            tmp_path,
            table("desk", desk.probe_id, desk.serial_url, "pool = true"),
            table("other", other.probe_id, other.serial_url, "pool = true"),
        )
        struck(tmp_path, DIES)
        done = bench(tmp_path)
    assert "2 passed" in done.stdout, done.stdout + done.stderr
    assert "one of its 2 boards takes no images any more: " in done.stdout
    assert {board for board, _, _ in incidents(tmp_path)} == {"desk"}


def test_what_hangs_again_after_a_reset_is_the_firmware_and_its_board_goes_on(
    desk: QemuProcess, tmp_path: Path
) -> None:
    lab_of(tmp_path, table("desk", desk.probe_id, desk.serial_url))
    struck(tmp_path, STANDS, times=2)
    done = bench(tmp_path)
    assert "1 failed, 1 passed" in done.stdout, done.stdout + done.stderr
    assert [kind for _, kind, _ in incidents(tmp_path)] == ["stopped answering", "firmware hangs"]
    assert "desk: firmware hangs: none: its probe answers, and it hung again after a reset (" in done.stdout
