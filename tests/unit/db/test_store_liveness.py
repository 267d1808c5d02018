"""A run whose process is gone is shown as interrupted."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from hil_db.liveness import birth_of, status_now
from hil_db.records import Status

HERE = socket.gethostname()
linux = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")


def dead_pid() -> int:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def test_a_live_process_is_running() -> None:
    assert status_now("running", HERE, os.getpid()) is Status.RUNNING
    assert status_now("running", HERE, os.getpid(), birth_of(os.getpid())) is Status.RUNNING


def test_a_gone_process_was_interrupted() -> None:
    assert status_now("running", HERE, dead_pid()) is Status.INTERRUPTED


@pytest.mark.parametrize("pid", [0, -1, 2**40])
def test_a_pid_that_is_none(pid: int) -> None:
    assert status_now("running", HERE, pid) is Status.INTERRUPTED


def test_nothing_is_said_of_other_hosts() -> None:
    assert status_now("running", HERE + "-other", dead_pid()) is Status.RUNNING


@pytest.mark.parametrize("status", ["finished", "failed", "interrupted"])
def test_an_ended_run_stays_as_it_ended(status: str) -> None:
    assert status_now(status, HERE, dead_pid()) == status


@linux
def test_a_pid_taken_by_a_later_process_is_not_the_run() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        birth = birth_of(child.pid)
        assert birth is not None
        boot, _, tick = birth.partition("/")
        assert status_now("running", HERE, child.pid, birth) is Status.RUNNING
        assert status_now("running", HERE, child.pid, f"{boot}/{int(tick) - 1}") is Status.INTERRUPTED
        assert status_now("running", HERE, child.pid, f"another-boot/{tick}") is Status.INTERRUPTED
        assert status_now("running", HERE, child.pid) is Status.RUNNING
    finally:
        child.communicate(b"\n")


@linux
def test_a_process_that_waits_to_be_reaped_is_gone() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    try:
        assert status_now("running", HERE, child.pid) is Status.INTERRUPTED
    finally:
        child.wait()
