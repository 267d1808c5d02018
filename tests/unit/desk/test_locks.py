"""A board is one process's at a time, and free when that ends, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from hil.desk.locks import Holder, holder, lock_dir, take
from hil.errors import LabError

HOLDS = """
import sys, time
from hil.desk.locks import take
lock = take(sys.argv[1])
print("held", flush=True)
sys.stdin.readline()
lock.release()
print("released", flush=True)
sys.stdin.readline()
"""
BOARD = "066bff30"


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HIL_RUNTIME_DIR", str(tmp_path))


@pytest.fixture
def other() -> Iterator[subprocess.Popen[str]]:
    """Another process that has the board."""
    command = [sys.executable, "-c", HOLDS, BOARD]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_another_process_is_refused_and_told_by_whom(other: subprocess.Popen[str]) -> None:
    with pytest.raises(LabError) as caught:
        take(BOARD)
    who = holder(BOARD)
    assert isinstance(who, Holder)
    assert who.pid == other.pid
    assert BOARD in who.command
    assert str(who) in str(caught.value)
    assert f"process {other.pid}, since 2" in str(caught.value)
    assert "--wait=SECONDS" in str(caught.value)
    take("another board").release()


def test_what_a_killed_process_held_is_free(other: subprocess.Popen[str]) -> None:
    other.send_signal(signal.SIGKILL)
    other.wait()
    assert holder(BOARD) is None
    with take(BOARD):
        who = holder(BOARD)
        assert isinstance(who, Holder)
        assert who.pid == os.getpid()


def test_what_is_let_go_is_free(other: subprocess.Popen[str]) -> None:
    assert other.stdin is not None
    assert other.stdout is not None
    print(file=other.stdin, flush=True)
    assert other.stdout.readline() == "released\n"
    assert holder(BOARD) is None
    lock = take(BOARD)
    lock.release()
    lock.release()
    assert holder(BOARD) is None


def test_whoever_waits_has_it_next_and_is_told_for_whom(other: subprocess.Popen[str]) -> None:
    told: list[str] = []
    waits, taken = threading.Event(), threading.Event()

    def say(line: str) -> None:
        told.append(line)
        waits.set()

    def wait() -> None:
        with take(BOARD, 600.0, say):
            taken.set()

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    assert waits.wait(60)
    assert not taken.is_set()
    other.kill()
    assert taken.wait(60)
    thread.join()
    assert len(told) == 1
    assert "waiting 600 s for " in told[0]
    assert f"process {other.pid}" in told[0]


def test_looking_does_not_keep_anybody_from_it() -> None:
    """Somebody who looks holds the lock for an instant: that is waited for, and is no user."""
    take(BOARD).release()  # there is a file now
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            holder(BOARD)

    lookers = [threading.Thread(target=look, daemon=True) for _ in range(4)]
    for thread in lookers:
        thread.start()
    try:
        for _ in range(200):
            take(BOARD).release()
    finally:
        stop.set()
        for thread in lookers:
            thread.join()


def test_a_file_that_was_tidied_away_is_made_anew() -> None:
    lock = take(BOARD)
    (path,) = lock_dir().glob("*.lock")
    path.unlink()
    with take(BOARD):  # nobody can find the other one any more
        assert isinstance(holder(BOARD), Holder)
    lock.release()


def test_one_folder_for_all_users_of_a_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HIL_RUNTIME_DIR")
    monkeypatch.setenv("TMPDIR", "/nowhere")
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/nowhere")
    folder = lock_dir()
    assert folder in (Path("/run/lock"), Path("/tmp"))
    assert folder.stat().st_mode & 0o1777 == 0o1777


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("HIL_RUNTIME_DIR", str(tmp_path / "file"))
    with pytest.raises(LabError, match="cannot be locked against other users"):
        take(BOARD)
