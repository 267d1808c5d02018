"""A bench that meets the limits of its system: a line says which, with what helps, and nothing is left."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from bench_runs import QUICK, RUN_S, bench_command
from namespaces import with_little_room
from refusing import refusing

pytestmark = pytest.mark.emulated


@pytest.fixture
def boards() -> Iterator[Path]:
    with TemporaryDirectory(prefix="hil-") as folder:  # short: sockets live in it
        yield Path(folder)


def ran(folder: Path, boards: Path, command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "HIL_RUNTIME_DIR": str(boards), "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=RUN_S,
    )


def refused(folder: Path, boards: Path, command: list[str]) -> str:
    """The line of a run that failed in it; it left no board's folder."""
    done = ran(folder, boards, command)
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert list(boards.iterdir()) == []
    return next(line for line in done.stdout.splitlines() if line.startswith("qemu: "))


def test_without_threads_it_says_so(tmp_path: Path, boards: Path) -> None:
    command = bench_command(tmp_path, *QUICK, "-p", "no:rerunfailures")  # which wants one of its own
    line = refused(tmp_path, boards, refusing("clone3", errno.EAGAIN, *command))
    assert "gives no thread for the board" in line
    assert "ulimit -u" in line


@pytest.mark.parametrize("files", [20, 24, 28])  # pytest alone holds 13
def test_with_few_files_it_says_so(tmp_path: Path, boards: Path, files: int) -> None:
    bench = bench_command(tmp_path, *QUICK, "-p", "no:hypothesispytest")  # which imports when it is over
    command = ["prlimit", f"--nofile={files}:{files}", *bench]
    line = refused(tmp_path, boards, command)
    assert "Too many open files" in line
    assert "ulimit -n" in line


def test_a_disk_that_fills_while_it_runs_costs_cycles_and_no_results(tmp_path: Path, boards: Path) -> None:
    """The trace lies in the board's folder."""
    many = bench_command(tmp_path, *QUICK[:2], "--vectors=300")
    done = ran(tmp_path, boards, with_little_room(boards, 64, *many))
    assert done.returncode == 0, done.stdout
    assert "300/300 bit-exact" in done.stdout
    (line,) = [line for line in done.stdout.splitlines() if "no cycles" in line]
    assert line.endswith(f" of 300 inferences: the disk of {boards} is full")
