"""What an option says that names nothing: nothing is run, least of all everything."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--board="], "ERROR: --board names no board"),
        (["--board=,"], "ERROR: --board names no board"),
        (["--board=all", "--model="], "ERROR: --model names no model"),
        (
            ["--board=all", "--vectors=0"],
            "--vectors/--hil-vectors: '0' is no number of vectors: give one from 1 on, or all",
        ),
        (["--board=all", "--vectors=½"], "'½' is no number of vectors"),
        (["--board=all", "--lab="], "ERROR: --lab is empty"),
        (["--board=all", "--models-dir="], "ERROR: --models-dir is empty"),
        (["--board=all", "--models-dir=" + "x" * 300], "(File name too long)"),
        (
            ["--board=all", "--hang-after=0"],
            "--hang-after/--hil-hang-after: '0' is no time: give seconds above 0",
        ),
        (
            ["--board=all", "--link-faults=filp=1e-4"],
            "ERROR: --link-faults knows no fault 'filp'; did you mean 'flip'? there are flip, drop, dup, ",
        ),
        (["--board=all", "--link-record="], "ERROR: --link-record is empty"),
        (
            ["--board=all", "--link-record=/proc/none"],
            "ERROR: --link-record: no file can be written in /proc/none (No such file or directory); name",
        ),
        (["--board=all", "--link-record=/proc"], "ERROR: --link-record: no file can be written in /proc ("),
        (["--board=all", "--link-faults="], "ERROR: --link-faults names no fault"),
        (["--board=all", "--energy-window=-1"], "'-1' is no time: give seconds above 0"),
        (["--board=all", "--energy-repeats=0"], "'0' is no number of resets: give one from 1 on"),
    ],
)
def test_an_option_that_names_nothing_is_refused(tmp_path: Path, arguments: list[str], said: str) -> None:
    command = [sys.executable, "-m", "pytest", "-p", "no:dash", f"--db=sqlite:///{tmp_path}/a.db", *arguments]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=600)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert said in done.stderr
    assert not (tmp_path / "a.db").exists()


def test_a_probe_process_that_does_not_start_fails_the_board_and_not_pytest(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text("import sys; sys.executable = '/no/python'\n")
    command = [sys.executable, "-m", "pytest", "-p", "no:dash", f"--db=sqlite:///{tmp_path}/a.db"]
    command += ["--board=all", "--model=fastgrnn_digits/q7"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=600)
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout + done.stderr
    assert "qemu: the process that drives the debug probes does not start" in done.stdout
