"""How far a run is can be read from the database while it goes on, and is forgotten when it has ended."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bench_runs import RUN_S, bench_command, database_url, run_bench, runs
from hil_db.progress import Told, read
from hil_db.records import Status
from hil_db.store import Store
from holding import hold, standing, wait_for, wait_until

pytestmark = pytest.mark.emulated

HELD = "rnnpool_face/f32"
# The first is the UART's, the held one the longest of the others.
THREE = ("--board=all", "--pool=1", "--vectors=30", f"--model=fastgrnn_digits/q15,rnnpool_face/q15,{HELD}")


def told(folder: Path) -> list[Told]:
    with Store.open_read_only(database_url(folder)) as store, store.engine.connect() as connection:
        return read(connection)


@contextmanager
def held(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A bench whose first image has ended, the second of which stands, and the database tells so."""
    hold(folder, HELD, until="go")
    log = (folder / "log").open("wb")
    process = subprocess.Popen(bench_command(folder, *THREE), cwd=folder, stdout=log, stderr=log)
    try:
        wait_for(folder / standing(HELD))
        wait_until(lambda: _at_the_second(told(folder)), f"nothing is told: {told(folder)}")
        yield process
    finally:
        (folder / "go").touch()
        process.kill()
        process.wait()
        log.close()


def _at_the_second(found: list[Told]) -> bool:
    now = [one.progress for one in found]
    return [(len(one.ended), [work.done for work in one.working]) for one in now] == [(1, [1])]


def test_a_run_is_told_as_it_goes_on_and_forgotten_when_it_has_ended(tmp_path: Path) -> None:
    with held(tmp_path) as bench:
        (one,) = told(tmp_path)
        assert [case.told for case in one.progress.plan] == [
            "qemu fastgrnn_digits/q15",
            "qemu rnnpool_face/f32",
            "qemu rnnpool_face/q15",
        ]
        assert (one.progress.boards, one.progress.vectors) == ({"qemu": 1}, (30, 30, 30))
        (first,), (second,) = one.progress.ended, one.progress.working
        assert (first.place, first.status, first.seconds > 0) == (0, Status.FINISHED, True)
        assert (second.place, second.total, 0 < second.streaming_s < second.seconds) == (1, 30, True)
        assert one.status is Status.RUNNING
        (tmp_path / "go").touch()
        assert bench.wait(RUN_S) == 0, (tmp_path / "log").read_text()
    assert told(tmp_path) == []
    assert runs(tmp_path) == [("finished", 1)]


def test_a_run_that_was_killed_is_told_until_the_next(tmp_path: Path) -> None:
    with held(tmp_path) as bench:
        os.kill(bench.pid, signal.SIGKILL)
        bench.wait(RUN_S)
        (one,) = told(tmp_path)
        assert one.status is Status.INTERRUPTED
    assert run_bench(tmp_path, *THREE).returncode == 0
    assert told(tmp_path) == []
    assert runs(tmp_path) == [("interrupted", 1), ("finished", 1)]
