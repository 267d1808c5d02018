"""Several processes on one database: nothing acknowledged is lost, nothing is stored by halves."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session as Transaction

from hil_db.liveness import status_now
from hil_db.records import Status
from hil_db.store import Store
from stored import Run, Session

WORKER = Path(__file__).with_name("worker.py")


def start(url: str, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(WORKER), "save", url, str(count)], stdout=subprocess.PIPE, text=True
    )


def check_whole(url: str, acknowledged: set[tuple[int, int, int]]) -> None:
    """Every acknowledged (run, session, number) is there, and every session there is is whole."""
    with Store.open_read_only(url) as store, Transaction(store.engine) as found:
        rows = found.scalars(select(Session)).all()
        stored = {(row.run_id, row.id, int(row.board.removeprefix("board-"))) for row in rows}
        assert acknowledged <= stored
        for row in rows:
            number = int(row.board.removeprefix("board-"))
            assert [measure.value for measure in row.measures] == [number + index for index in range(8)]
            assert row.image is not None
            assert row.image.sha256 == f"{number % 7:064x}"
            expected = np.arange(2000) * 7919 % 65521 + number
            np.testing.assert_array_equal(store.read_samples(row.id, "ticks"), expected)
        per_run = Counter(run for run, _, _ in stored)
        known = Counter(run for run, _, _ in acknowledged)
        assert all(per_run[run] - known[run] in (0, 1) for run in per_run)  # one may have been cut off
    with sqlite3.connect(store.url.database or "") as raw:
        assert raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert raw.execute("PRAGMA foreign_key_check").fetchall() == []
        assert raw.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def numbers(line: str) -> tuple[int, int, int]:
    run, session, number = map(int, line.split()[1:])
    return run, session, number


def test_a_killed_writer_loses_nothing_it_was_told_is_safe(url: str) -> None:
    with Store.open(url):
        pass
    acknowledged: set[tuple[int, int, int]] = set()
    workers = [start(url, 1_000_000) for _ in range(3)]
    try:
        for worker in workers:  # all are under way before the first dies
            assert worker.stdout is not None
            assert worker.stdout.readline().startswith("run")
        for kept, worker in zip((3, 17, 40), workers, strict=True):
            assert worker.stdout is not None
            for line in worker.stdout:
                if line.startswith("saved"):
                    acknowledged.add(numbers(line))
                    if numbers(line)[2] == kept:
                        break
            worker.kill()
            acknowledged |= {
                numbers(line) for line in worker.stdout if line.startswith("saved") and line[-1] == "\n"
            }
    finally:
        for worker in workers:
            worker.kill()
            worker.communicate()
    assert len(acknowledged) >= 3 + 17 + 40
    check_whole(url, acknowledged)
    with Store.open_read_only(url) as store, Transaction(store.engine) as found:
        for run in found.scalars(select(Run)):
            assert run.status == "running"
            assert status_now(run.status, run.host, run.pid, run.pid_birth) is Status.INTERRUPTED


def test_readers_see_whole_sessions_while_writers_are_killed() -> None:
    """A short round of what the benchmark does for a minute."""
    program = Path(__file__).parents[3] / "benchmarks" / "store.py"
    words = [sys.executable, str(program), "killed", "--seconds", "2"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_next_run_marks_a_killed_one_interrupted(url: str) -> None:
    worker = start(url, 1_000_000)
    assert worker.stdout is not None
    while not worker.stdout.readline().startswith("saved"):
        pass
    worker.kill()
    worker.communicate()
    follower = start(url, 1)
    follower.communicate()
    with Store.open_read_only(url) as store, Transaction(store.engine) as found:
        killed, finished = found.scalars(select(Run).order_by(Run.id))
        assert (killed.status, finished.status) == ("interrupted", "finished")
        assert killed.finished == max(session.finished for session in killed.sessions)


def test_writers_at_once_on_a_database_that_is_not_there_yet(url: str) -> None:
    workers = [start(url, 25) for _ in range(3)]
    printed = [worker.communicate()[0].splitlines() for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0, 0], printed
    acknowledged = {numbers(line) for lines in printed for line in lines if line.startswith("saved")}
    assert len(acknowledged) == 3 * 25
    check_whole(url, acknowledged)
    with Store.open_read_only(url) as store, Transaction(store.engine) as found:
        assert [run.status for run in found.scalars(select(Run))] == ["finished"] * 3
