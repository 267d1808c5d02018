"""`hil nightly` on emulated boards: nights alike, a night that is slower, one without a board."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bench_runs import database_url, runs
from needs import absent

pytestmark = pytest.mark.emulated

EXAMPLE = Path(__file__).parents[3] / "examples" / "own_model"
BENCH = ("--model=nearest", "--models-dir=models", "--vectors=20", "-p", "no:cacheprovider")
SOMEBODY = ("-c", "user.name=A", "-c", "user.email=a@example.org")
LOOP = "        int32_t distance = 0;\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    if shutil.which("arm-none-eabi-gcc") is None:
        absent("arm-none-eabi-gcc is not installed")
    folder = tmp_path / "a project"
    shutil.copytree(EXAMPLE / "models", folder / "models")
    (folder / ".gitignore").write_text("*.elf\nbuilt\nresults.db*\nnightly\n")
    subprocess.run(["git", "init", "--initial-branch=main"], cwd=folder, check=True, capture_output=True)
    commit(folder, "first")
    return folder


def commit(folder: Path, subject: str) -> None:
    for words in (("add", "-A"), ("commit", "-m", subject)):
        subprocess.run(["git", *SOMEBODY, *words], cwd=folder, check=True, capture_output=True)


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


def slow_down(folder: Path) -> None:
    source = folder / "models" / "nearest" / "prototypes.c"
    text = source.read_text()
    assert LOOP in text
    wait = "        for (volatile int32_t wait = 0; wait < 50; wait++) {\n        }\n"
    source.write_text(text.replace(LOOP, LOOP + wait))
    commit(folder, "compare: take your time")


def test_nights_alike_then_slower_then_accepted_then_without_a_board(project: Path) -> None:
    newest = project / "nightly" / "newest"
    first = night(project)
    assert first.returncode == 0, first.stdout
    assert "is the first: 1 image: 1 new" in first.stdout
    alike = night(project)
    assert alike.returncode == 0, alike.stdout
    assert "1 image: 1 unchanged" in (newest / "check.md").read_text()

    slow_down(project)
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
