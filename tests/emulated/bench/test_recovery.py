"""Boards that stop answering are reset, power-cycled, left alone; each step is told and stored."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from bench_runs import rows, run_bench, serve_images
from hil.build.prebuilt import faulty_dir
from hil.image import prebuilt_dir
from hil.qemu.process import QemuProcess
from silicon import KIND, lab_of, on_the_desk, table

pytestmark = pytest.mark.emulated

TWO = ("--board=all", "--model=fastgrnn_digits/q7,fastgrnn_digits/q15", "--vectors=5", "--lab=lab.toml")
DIGITS = prebuilt_dir(KIND) / "fastgrnn_digits-f32.elf"
SUPPORT = str(Path(__file__).parents[2] / "support")

# At the first measurement something befalls the emulator behind the board.
STRIKE = """
import os, signal, sys
sys.path.insert(0, {support!r})
from bench_runs import emulator_pid
from hil.session import Session

measure, struck = Session.measure, []

def strike(self, *given):
    if self.board.name == "desk" and not struck:
        struck.append(self)
        {what}
    return measure(self, *given)

Session.measure = strike
"""
# The core of the emulator behind the board stands once two vectors were answered.
STANDS_SOON = """
from pathlib import Path
from hil.link.answered import Answered
from hil.qemu.qmp import QmpClient
from hil.session import Session

answers, take, boards = Session._answers, Answered.take, []

def remember(self, *given):
    boards.append(self.board)
    return answers(self, *given)

def strike(self, result):
    take(self, result)
    if len(self.results) == 2 and len(boards) == 1:
        QmpClient(Path(boards[0].serial_url[7:]).parent / "health.sock").command("stop")

Session._answers, Answered.take = remember, strike
"""
# Images that misbehave have no vectors of their own.
FAULTYS_VECTORS = """
import hil.bench.attempt
from hil.models.vectors import load_vectors
from hil.session import first
from hil.values import Precision

hil.bench.attempt.vectors_of = lambda *given: first(load_vectors("fastgrnn_digits", Precision.F32), 5)
"""
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


def struck(folder: Path, what: str) -> None:
    with (folder / "conftest.py").open("a") as file:
        file.write(STRIKE.format(support=SUPPORT, what=what))


def incidents(folder: Path) -> list[tuple[object, ...]]:
    return rows(folder, "select board, kind, action from incident where session_id is not null order by id")


def bench(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return run_bench(folder, *TWO, "--hang-after=20", *more)


def test_a_core_that_stands_is_reset_and_its_lost_vectors_run_again(
    desk: QemuProcess, tmp_path: Path
) -> None:
    """Its window holds some of the 400: which of them it still answers, nobody knows."""
    lab_of(tmp_path, table("desk", desk.probe_id, desk.serial_url))
    with (tmp_path / "conftest.py").open("a") as file:
        file.write(STANDS_SOON)
    done = bench(tmp_path, "--model=fastgrnn_digits/q7", "--vectors=400")
    assert "1 passed" in done.stdout, done.stdout + done.stderr
    ((board, kind, action),) = incidents(tmp_path)
    assert (board, kind) == ("desk", "stopped answering")
    again = re.fullmatch(r"reset through its debug probe, vectors (\d+) to 399 of 400 run again", str(action))
    assert again is not None, action
    assert f"desk: stopped answering: {action} (" in done.stdout
    lost = 400 - int(again[1])
    held = "select value, json_extract(conditions, '$.resumed') from measure where metric = "
    assert rows(tmp_path, f"{held}'vectors'") == [(400.0, None)]
    assert rows(tmp_path, f"{held}'golden_exact'") == [(1.0, None)]
    assert [told for _, told in rows(tmp_path, f"{held}'stack_bytes'")] == [f"{lost} of 400 vectors"]


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
    assert "desk: debug probe failed: left alone for the rest of the run (" in done.stdout
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
    """And firmware that crashes, or is of another protocol, is not reset at all."""
    names = ("crash", "hang", "other_protocol", "stack_overflow")
    serve_images(tmp_path, *(faulty_dir(KIND) / f"{name}-f32.elf" for name in names), DIGITS)
    images = (tmp_path / "conftest.py").read_text()
    lab_of(tmp_path, table("desk", desk.probe_id, desk.serial_url))
    with (tmp_path / "conftest.py").open("a") as file:
        file.write(images + FAULTYS_VECTORS)
    done = bench(tmp_path, "--model=*", "--hang-after=5")
    assert "4 failed, 1 passed" in done.stdout, done.stdout + done.stderr
    assert [kind for _, kind, _ in incidents(tmp_path)] == ["stopped answering", "firmware hangs"]
    action = "none: its probe answers, and it hung after a reset as before"
    assert f"desk: firmware hangs: {action} (" in done.stdout
    assert rows(tmp_path, "select distinct model from session join incident on session_id = session.id") == [
        ("hang",)
    ]


def test_a_line_that_is_cut_is_told_from_firmware_that_hangs(desk: QemuProcess, tmp_path: Path) -> None:
    """The firmware is well, its probe answers, and it waits for bytes that never come."""
    with socket.create_server(("127.0.0.1", 0)) as nobody:  # takes the host's bytes, and passes none on
        port = f"socket://127.0.0.1:{nobody.getsockname()[1]}"
        lab_of(tmp_path, table("desk", desk.probe_id, port))
        done = bench(tmp_path, "--hang-after=5")
    assert "2 failed" in done.stdout, done.stdout + done.stderr
    assert [(kind, action) for _, kind, action in incidents(tmp_path)] == [
        ("stopped answering", "reset through its debug probe, all its vectors run again"),
        ("stopped answering", "left alone for the rest of the run"),
    ]
    assert "waiting for bytes" in done.stdout
    assert "desk: is left alone for the rest of the run (" in done.stdout


def test_an_emulator_that_is_killed_from_outside_is_started_anew(tmp_path: Path) -> None:
    """That is not its image's fault, whose test passes."""
    (tmp_path / "lab.toml").write_text(f'[boards.desk]\nkind = "{KIND}"\npool = false\n')
    struck(tmp_path, DIES)
    done = bench(tmp_path)
    assert "2 passed" in done.stdout, done.stdout + done.stderr
    action = "started anew, all its vectors run again"
    assert incidents(tmp_path) == [("desk", "killed from outside", action)]
    assert f"desk: killed from outside: {action} (" in done.stdout
