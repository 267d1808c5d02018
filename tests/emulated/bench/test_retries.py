"""A session that failed is never used again: a retry, of whatever kind, flashes and starts anew."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bench_runs import QUICK, rows, run_bench, runs, serve_images
from hil.build.prebuilt import faulty_dir
from hil.image import prebuilt_dir

pytestmark = pytest.mark.emulated

KIND = "qemu_mps2_an386"
SUPPORT = str(Path(__file__).parents[2] / "support")
CRASHES = """
import pytest
from hil.errors import DeviceCrashError
from hil.models.vectors import load_vectors
from hil.values import Precision

INPUTS = load_vectors("fastgrnn_digits", Precision.F32).inputs[:3]

def test_answers(session):
    with open("attempts", "a") as log:
        try:
            session.infer(INPUTS)
            log.write("answered\\n")
        except Exception as error:
            log.write(f"{type(error).__name__}\\n")
            raise

def test_expected(session, request):
    if "crash" in request.node.name:
        with pytest.raises(DeviceCrashError):
            session.infer(INPUTS)

def test_later(session):
    assert session.stack().peak_total > 0
"""


def test_a_crash_is_retried_on_a_new_session_and_spoils_no_later_test(tmp_path: Path) -> None:
    serve_images(tmp_path, faulty_dir(KIND) / "crash-f32.elf", prebuilt_dir(KIND) / "fastgrnn_digits-f32.elf")
    (tmp_path / "test_mine.py").write_text(CRASHES)
    done = run_bench(tmp_path, "--reruns=2", "test_mine.py")
    attempts = (tmp_path / "attempts").read_text().split()
    assert attempts == [*["DeviceCrashError"] * 3, "answered"], done.stdout
    assert "1 failed, 5 passed, 2 rerun" in done.stdout


KILLED = """
import os, signal
import hil.qemu.clock
from bench_runs import emulator_pid
from hil.errors import HilError

hil.qemu.clock._LONGEST_STOP_S = 1.0  # not a minute until one that is stopped is given up
tries = []

def test_measured(bench):
    tries.append(bench)
    if len(tries) == 1:
        os.kill(emulator_pid(bench.session.board), signal.{how})
    {run}
"""
AGAIN = """
    for _ in range(2):
        try:
            report = bench.run()
        except HilError:
            continue
        break
    assert report.value("golden_exact") == 1
"""


@pytest.mark.parametrize(
    ("how", "retry", "run"),
    [
        ("SIGSTOP", ("--reruns=1",), 'assert bench.run().value("golden_exact") == 1'),
        ("SIGKILL", (), AGAIN.strip()),
    ],
    ids=["hangs, retried by a plug-in", "dies, retried by the test"],
)
def test_an_emulator_that_stops_is_replaced(
    tmp_path: Path, how: str, retry: tuple[str, ...], run: str
) -> None:
    (tmp_path / "test_mine.py").write_text(KILLED.format(how=how, run=run))
    path = os.pathsep.join(filter(None, (SUPPORT, os.environ.get("PYTHONPATH"))))
    done = run_bench(tmp_path, *QUICK[1:], *retry, "test_mine.py", PYTHONPATH=path)
    assert done.returncode == 0, done.stdout
    assert runs(tmp_path) == [("finished", 1)]
    assert rows(tmp_path, "select model, status from session order by id") == [
        ("fastgrnn_digits", "failed"),
        ("fastgrnn_digits", "finished"),
    ]


def test_only_what_failed_last_runs_again(tmp_path: Path) -> None:
    (tmp_path / "own" / "cut").mkdir(parents=True)
    description = tmp_path / "own" / "cut" / "model.json"
    description.write_text("{")
    chosen = ("--board=all", "--models-dir=own", "--model=cut,fastgrnn_digits/q15", "--vectors=5")
    first = run_bench(tmp_path, *chosen)
    assert "1 failed, 1 passed" in first.stdout
    again = run_bench(tmp_path, *chosen, "--lf")
    assert "1 failed, 1 deselected" in again.stdout
    assert runs(tmp_path) == [("failed", 1)]  # nothing came to be measured the second time
