"""The bench where something that one takes for granted is missing: a home folder, a place for code to run."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from namespaces import as_stranger, with_noexec

pytestmark = pytest.mark.emulated

RUN_S = 600  # there for a hang
QUICK = ("--board=all", "--model=fastgrnn_digits/q15", "--vectors=5", "-p", "no:cacheprovider")


def bench(folder: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "pytest", f"--db=sqlite:///{folder / 'results.db'}", *QUICK, *arguments]


def run(folder: Path, command: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=RUN_S)


def instructions(folder: Path) -> list[tuple[str]]:
    with sqlite3.connect(folder / "results.db") as database:
        return database.execute("select technique from measure where metric = 'instructions'").fetchall()


def test_without_a_home_the_bench_works_with_a_database_of_its_own(tmp_path: Path) -> None:
    with TemporaryDirectory(prefix="hil-") as boards:  # a socket's name must be short
        command = as_stranger(*bench(tmp_path))
        done = run(tmp_path, command, PATH=os.environ["PATH"], HIL_RUNTIME_DIR=boards)
    assert done.returncode == 0, done.stdout + done.stderr
    note = next(line for line in done.stdout.splitlines() if "timing plug-in" in line)
    assert "no home folder" in note
    assert "HIL_CACHE_DIR" in note
    assert instructions(tmp_path) == [("timer",)]
    assert not (tmp_path / "~").exists()


def test_without_a_home_or_a_database_of_its_own_it_is_told_to_name_one(tmp_path: Path) -> None:
    command = as_stranger(sys.executable, "-m", "pytest", *QUICK)
    done = run(tmp_path, command, PATH=os.environ["PATH"])
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "no home folder" in done.stderr
    assert "--db" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_where_the_locale_has_no_letters_but_asciis(tmp_path: Path) -> None:
    lab = tmp_path / "lab.toml"
    lab.write_text('[boards."béta"]\nkind = "qemu_mps2_an386"\n', encoding="utf-8-sig")
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "HOME": str(tmp_path)}
    done = run(tmp_path, bench(tmp_path, f"--lab={lab}"), PATH=os.environ["PATH"], **ascii_only)
    assert done.returncode == 0, done.stdout + done.stderr
    assert r"b\xe9ta fastgrnn_digits/q15: 5/5 vectors" in done.stdout
    head, _, row = done.stdout[done.stdout.index("board  ") :].splitlines()[:3]
    assert row.index("fastgrnn_digits") == head.index("model")
    assert "+/-7%" in row
    with sqlite3.connect(tmp_path / "results.db") as database:
        assert database.execute("select board from session").fetchall() == [("béta",)]


NO_SPACE = "hil: what pytest prints cannot be written: No space left on device; the run goes on\n"


@pytest.mark.parametrize(
    ("redirection", "code", "told"),
    [
        (">/dev/full", 1, NO_SPACE),
        (">/dev/full 2>/dev/full", 1, ""),
        (">&-", 0, ""),
        ("<&- >&- 2>&-", 0, ""),
        ("| head -1 >/dev/null", 0, ""),
    ],
)
def test_what_nobody_can_read_ends_no_run(tmp_path: Path, redirection: str, code: int, told: str) -> None:
    script = f'set -o pipefail; "$@" -p no:dash {redirection}'
    done = run(tmp_path, ["bash", "-c", script, "bash", *bench(tmp_path)], **os.environ)
    assert (done.returncode, done.stdout, done.stderr) == (code, "", told)
    with sqlite3.connect(tmp_path / "results.db") as database:
        assert database.execute("select status from run").fetchall() == [("finished",)]


def test_a_folder_for_temporary_files_that_is_missing_is_not_needed(tmp_path: Path) -> None:
    done = run(tmp_path, bench(tmp_path), **{**os.environ, "TMPDIR": str(tmp_path / "missing")})
    assert done.returncode == 0, done.stdout + done.stderr


def test_where_no_code_may_run_the_timer_counts_alone(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    command = with_noexec(cache, *bench(tmp_path))
    done = run(tmp_path, command, **{**os.environ, "HIL_CACHE_DIR": str(cache)})
    assert done.returncode == 0, done.stdout + done.stderr
    note = next(line for line in done.stdout.splitlines() if "timing plug-in" in line)
    assert str(cache) in note
    assert "noexec" in note
    assert instructions(tmp_path) == [("timer",)]


def test_temporary_files_on_such_a_mount_change_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "tmp"
    folder.mkdir()
    command = with_noexec(folder, *bench(tmp_path))
    done = run(tmp_path, command, **{**os.environ, "TMPDIR": str(folder)})
    assert done.returncode == 0, done.stdout + done.stderr
    assert ("plugin",) in instructions(tmp_path)
