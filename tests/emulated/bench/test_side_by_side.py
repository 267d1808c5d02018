"""Two runs at once, of two emulators each, in one folder of boards and one database."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from bench_runs import RUN_S, bench_command, rows, runs

pytestmark = pytest.mark.emulated

THREE = ("--board=all", "--pool=2", "--model=fastgrnn_digits", "--vectors=50", "-p", "no:cacheprovider")


def test_neither_run_hears_of_the_other(tmp_path: Path) -> None:
    with TemporaryDirectory(prefix="hil-") as boards:  # short: sockets live in it
        started = [
            subprocess.Popen(
                bench_command(tmp_path, *THREE),
                cwd=tmp_path,
                env={**os.environ, "HIL_RUNTIME_DIR": boards},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            for _ in range(2)
        ]
        said = [run.communicate(timeout=RUN_S)[0] for run in started]
        assert [run.returncode for run in started] == [0, 0], said
        assert not list(Path(boards).iterdir())
    assert runs(tmp_path) == [("finished", 1)] * 2
    golden = "select s.run_id, m.value from measure m join session s on s.id = m.session_id "
    told = rows(tmp_path, golden + "where m.metric = 'golden_exact' order by s.run_id")
    assert told == [(1, 1.0)] * 3 + [(2, 1.0)] * 3
