"""A search that is ended leaves nothing behind, however it ends; the user's files are never its own."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from children import interruptible

from .conftest import CYCLES, MINE, Project

pytestmark = pytest.mark.emulated

DEADLINE_S = 300


def until(holds: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


@contextmanager
def running(project: Project) -> Iterator[subprocess.Popen[str]]:
    """The command, once it runs the first commit."""
    with subprocess.Popen(
        interruptible(project.command(project.commits[0], "main", *MINE, *CYCLES)),
        cwd=project.folder,
        env=project.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            until(lambda: process.poll() is not None or trials(project), "no run began")
            assert process.poll() is None, process.communicate()
            yield process
        finally:
            process.kill()


def trials(project: Project) -> list[int]:
    """The processes that run a commit in this project."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
            if b"hil.pytest_plugin.of_commit" in words and (entry / "cwd").readlink() == project.folder:
                found.append(int(entry.name))
        except OSError:
            continue
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_in_order(project: Project, number: signal.Signals) -> None:
    before = project.state()
    with running(project) as process:
        os.kill(process.pid, number)
        _, said = process.communicate(timeout=DEADLINE_S)
        assert process.returncode == 128 + number, said
        assert "Traceback" not in said
    until(lambda: not trials(project), "the run went on")
    assert project.left_behind() == []
    assert project.state() == before


def test_what_a_killed_one_left_is_removed_by_the_next(project: Project) -> None:
    before = project.state()
    with running(project) as process:
        process.kill()
        process.communicate()
    until(lambda: not trials(project), "the run went on")
    assert project.left_behind()
    found = project.bisect("main~1", "main", *MINE, *CYCLES)
    assert found.returncode == 3, found.stderr
    assert "no worse there" in found.stdout
    assert project.left_behind() == []
    assert project.state() == before


def test_one_that_runs_beside_is_left_alone(project: Project) -> None:
    with running(project) as process:
        process.send_signal(signal.SIGSTOP)  # it might end first
        mine = project.left_behind()
        assert len(mine) == 2  # a folder and a worktree
        found = project.bisect("main~1", "main", *MINE, *CYCLES)
        assert found.returncode == 3, found.stderr
        assert project.left_behind() == mine
