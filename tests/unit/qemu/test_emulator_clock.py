"""The clock of an emulated board: it stands while its emulator wants a processor and gets none."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hil.qemu.clock import EmulatorClock

SPIN = "while True: pass"
# As the watcher does it: the child is what counts, and it keeps to one processor.
WATCHER = """
import os, subprocess, sys
os.sched_setaffinity(0, {int(sys.argv[1])})
child = subprocess.Popen([sys.executable, "-c", sys.argv[2]])
print(child.pid, flush=True)
child.wait()
"""
DEADLINE_S = 600.0  # there for a hang


@contextmanager
def watched(processor: int, program: str) -> Iterator[tuple[int, int]]:
    """The process ids of a watcher and of what it watches."""
    command = [sys.executable, "-c", WATCHER, str(processor), program]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as watcher:
        assert watcher.stdout is not None
        child = int(watcher.stdout.readline())
        try:
            yield watcher.pid, child
        finally:
            os.kill(child, signal.SIGKILL)


def lag_s(clock: EmulatorClock) -> float:
    return time.monotonic() - clock()


def assert_lags(clock: EmulatorClock, seconds: float) -> None:
    """However long this process stands still meanwhile."""
    earliest = time.monotonic()
    now_s = clock() + seconds
    assert earliest - 1e-6 <= now_s <= time.monotonic() + 1e-6


def test_it_stands_while_another_program_has_the_processor() -> None:
    processor = min(os.sched_getaffinity(0))
    with watched(processor, SPIN) as (watcher, _), watched(processor, SPIN):
        clock = EmulatorClock(watcher)
        first, deadline = lag_s(clock), time.monotonic() + DEADLINE_S
        while lag_s(clock) < first + 0.5:
            assert time.monotonic() < deadline, "the clock never fell back"
            time.sleep(0.05)


def test_a_thread_that_waited_once_hides_none_that_waits_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hil.qemu.clock._READ_EVERY_S", 0.0)
    (tmp_path / "7" / "task" / "7").mkdir(parents=True)
    (tmp_path / "7" / "task" / "7" / "children").write_text("8 ")
    (tmp_path / "8").mkdir()
    (tmp_path / "8" / "stat").write_text("8 (a name) of) S 7 8")

    def waits(**seconds: float) -> None:
        for thread, waited in seconds.items():
            folder = tmp_path / "8" / "task" / thread
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "schedstat").write_text(f"1000 {int(waited * 1e9)} 3\n")

    waits(main=5.0, core=1.0)
    clock = EmulatorClock(7, tmp_path)
    clock()
    waits(main=5.0, core=3.0)
    assert_lags(clock, 2.0)


def stop(child: int) -> None:
    os.kill(child, signal.SIGSTOP)
    while "T (stopped)" not in Path(f"/proc/{child}/status").read_text():
        time.sleep(0.01)


def test_it_stands_while_the_emulator_is_stopped() -> None:
    with watched(min(os.sched_getaffinity(0)), "import time; time.sleep(600)") as (watcher, child):
        clock = EmulatorClock(watcher)
        first = clock()
        stop(child)
        deadline = time.monotonic() + DEADLINE_S
        while lag_s(clock) < 1.5:
            assert time.monotonic() < deadline, "the clock never stood"
            time.sleep(0.05)
        os.kill(child, signal.SIGCONT)
        while clock() < first + 0.5:
            assert time.monotonic() < deadline, "the clock never went on"
            time.sleep(0.05)


def test_it_goes_on_where_the_emulator_is_stopped_for_good_or_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hil.qemu.clock._LONGEST_STOP_S", 0.3)
    with watched(min(os.sched_getaffinity(0)), SPIN) as (watcher, child):
        stop(child)
        stopped = EmulatorClock(watcher)
        first, deadline = stopped(), time.monotonic() + DEADLINE_S
        while stopped() < first + 0.6:
            assert time.monotonic() < deadline, "the clock stood for good"
            time.sleep(0.05)
    assert_lags(EmulatorClock(watcher), 0.0)
