"""A function that somebody made slower: the gate names the image, the metric, the function and the commit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench_runs import database_url, run_bench, runs
from example_project import example_project, slow_down

pytestmark = pytest.mark.emulated

BENCH = ("--board=all", "--model=nearest", "--models-dir=models", "--vectors=20", "-p", "no:cacheprovider")
SUBJECT = "compare: take your time"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return example_project(tmp_path)


def check(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hil", "check", f"--db={database_url(folder)}", *arguments],
        cwd=folder,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_function_that_got_slower(project: Path) -> None:
    first = run_bench(project, *BENCH)
    assert first.returncode == 0, first.stdout
    again = run_bench(project, *BENCH, "--baseline=main")
    assert again.returncode == 0, again.stdout
    assert "1 image: 1 unchanged" in again.stdout
    slow_down(project, SUBJECT)
    worse = run_bench(project, *BENCH, "--baseline=main")
    assert worse.returncode == 1, worse.stdout
    assert "nearest/q15 is worse than in run 2 (main, " in worse.stdout
    assert "prototypes_compare" in worse.stdout
    assert [status for status, _ in runs(project)] == ["finished", "finished", "failed"]

    told = check(project, "--baseline=main")
    assert (told.returncode, told.stderr) == (1, "")
    assert "REGRESSION  qemu nearest/q15" in told.stdout
    assert "Cycles" in told.stdout
    assert "prototypes_compare" in told.stdout
    assert "1 commit between:" in told.stdout
    assert told.stdout.count(SUBJECT) == 2  # between the runs, and of the model's folder
    whole = json.loads(check(project, "--baseline=main", "--format=json").stdout)
    functions = next(why for why in whole["images"][0]["why"] if why["metric"] == "latency_cycles")
    assert functions["parts"][0]["name"] == "prototypes_compare"

    wrong = run_bench(project, *BENCH, "--baseline=mian")
    assert wrong.returncode == 4
    assert "did you mean 'main'?" in wrong.stderr
    assert len(runs(project)) == 3
