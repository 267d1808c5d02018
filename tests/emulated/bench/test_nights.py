"""`hil nightly` on emulated boards: nights alike, a night that is slower, one without a board."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench_runs import database_url, runs
from example_project import example_project, slow_down

pytestmark = pytest.mark.emulated

BENCH = ("--model=nearest", "--models-dir=models", "--vectors=20", "-p", "no:cacheprovider")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return example_project(tmp_path / "a project")


def hil(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hil", *words],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


def night(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return hil(folder, "nightly", f"--db={database_url(folder)}", "--", *BENCH, **environment)


def test_nights_alike_then_slower_then_accepted_then_without_a_board(project: Path) -> None:
    newest = project / "nightly" / "newest"
    first = night(project)
    assert first.returncode == 0, first.stdout
    assert "is the first: 1 image: 1 new" in first.stdout
    alike = night(project)
    assert alike.returncode == 0, alike.stdout
    assert "1 image: 1 unchanged" in (newest / "check.md").read_text()

    slow_down(project, "compare: take your time")
    for _ in range(2):  # it stays worse until somebody does something about it
        slower = night(project)
        assert slower.returncode == 1, slower.stdout
        assert "against run 2 (main, " in slower.stdout.splitlines()[-1]
        comment = (newest / "check.md").read_text()
        assert "| **regression** | <code>qemu nearest/q15</code> | " in comment
        assert "| Cycles | " in comment
        assert "prototypes_compare" in comment
        assert "take your time" in comment
        assert json.loads((newest / "check.json").read_text())["exit_code"] == 1
        assert "prototypes_compare" in (newest / "report.html").read_text()
    assert [status for status, _ in runs(project)] == ["finished", "finished", "failed", "failed"]

    url = f"--db={database_url(project)}"
    accepted = hil(project, "baseline", "set", "main", "--reason=it waits for the sensor", url)
    assert accepted.returncode == 0, accepted.stderr
    fine = night(project)
    assert fine.returncode == 0, fine.stdout
    assert "against run 4 (main, " in fine.stdout.splitlines()[-1]
    gone = hil(project, "baseline", "remove", "main", "--reason=its nights are like it", url)
    assert gone.returncode == 0, gone.stderr

    nothing = night(project, HIL_QEMU="/none")
    assert nothing.returncode == 3, nothing.stdout
    assert "hil nightly: no data (3); test_image[qemu-nearest/q15] failed: qemu: " in nothing.stdout
    comment = (newest / "check.md").read_text()
    assert comment.startswith("**HIL bench: no data.**")
    assert "/none" in comment
    after = night(project)
    assert after.returncode == 0, after.stdout
    assert "against run 5 (main, " in after.stdout.splitlines()[-1]
