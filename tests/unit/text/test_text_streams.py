"""`hil` where its output goes nowhere: a full disk, a closed pipe, no stream at all, a terminal hung up."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import subprocess
import sys
import termios
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hil.measure.profile import ClassCost, PathCost, Profile
from hil.values import Measure, Method
from hil_db.records import RunInfo, SessionRecord, Status
from hil_db.store import Store

NO_SPACE = "hil: what it found cannot be written: No space left on device\n"
NO_STREAM = "hil: what it found cannot be written: Bad file descriptor\n"
LIMIT_S = 600  # there for a hang
COMMANDS = (
    [],
    ["--version"],
    ["bench", "kernels", "--help"],
    ["models"],
    ["export"],
    ["export", "--format=json"],
    ["export", "--profile=folded"],
)
FEW = (["--help"], ["export"])


def either_way(*commands: list[str]) -> pytest.MarkDecorator:
    """These commands with Python's buffering, and a few without it (PYTHONUNBUFFERED)."""
    cases = [pytest.param(one, "", id=" ".join(one)) for one in commands]
    cases += [pytest.param(one, "1", id=" ".join([*one, "unbuffered"])) for one in FEW]
    return pytest.mark.parametrize(("command", "unbuffered"), cases)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a stored run, of many measures and with a profile."""
    home = tmp_path_factory.mktemp("home")
    began = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
    database = home / ".local/share/hil/hil.db"
    database.parent.mkdir(parents=True)
    with Store.open(f"sqlite:///{database}") as store:
        run = store.begin_run(RunInfo(started=began, command="pytest --board=all"))
        ended = SessionRecord(
            board="qemu",
            kind="qemu_mps2_an386",
            model="fastgrnn_digits",
            precision="q15",
            started=began,
            finished=began + timedelta(seconds=9),
            status=Status.FINISHED,
            measures=tuple(
                Measure(f"metric_{n}", n, "B", Method.COUNTED, "elf", band=(0, 99)) for n in range(99)
            ),
            profile=Profile("model", 1, (PathCost(("run",), 1, 2, 3),), (ClassCost("alu", 2, 3),)),
        )
        store.save_session(run, ended)
        store.finish_run(run, Status.FINISHED, ended.finished)
    return home


def environment(home: Path, unbuffered: str = "") -> dict[str, str]:
    return {"HOME": str(home), "PATH": os.environ["PATH"], "PYTHONUNBUFFERED": unbuffered}


def hil(
    command: list[str], redirection: str, home: Path, unbuffered: str = ""
) -> subprocess.CompletedProcess[str]:
    """The real command behind a shell's redirection, in a scrubbed environment."""
    return subprocess.run(
        ["bash", "-c", f'set -o pipefail; "$0" -m hil "$@" {redirection}', sys.executable, *command],
        env=environment(home, unbuffered),
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )


@either_way(*COMMANDS)
def test_a_full_disk_is_told_in_a_line(command: list[str], home: Path, unbuffered: str) -> None:
    done = hil(command, ">/dev/full", home, unbuffered)
    assert (done.returncode, done.stderr) == (1, NO_SPACE)


@either_way(*FEW)
def test_a_reader_that_has_gone_ends_it_silently(command: list[str], home: Path, unbuffered: str) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "hil", *command],
        env=environment(home, unbuffered),
        stdout=write,
        stderr=subprocess.PIPE,
        timeout=LIMIT_S,
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (0, b"")


@either_way(*FEW)
def test_an_output_that_is_closed_is_told_in_a_line(command: list[str], home: Path, unbuffered: str) -> None:
    done = hil(command, ">&-", home, unbuffered)
    assert (done.returncode, done.stderr) == (1, NO_STREAM)


@pytest.mark.parametrize("redirection", ["2>/dev/full", "<&- 2>&-"])
def test_remarks_that_nobody_can_read_change_nothing(redirection: str, home: Path) -> None:
    good = hil(["export"], redirection, home)
    assert good.returncode == 0
    assert good.stdout.count("\n") == 100
    for command, code in ((["export", "--run=9"], 1), (["nonsense"], 2)):
        done = hil(command, redirection, home)
        assert (done.returncode, done.stdout) == (code, "")


def test_a_terminal_that_was_hung_up_ends_it(home: Path) -> None:
    master, slave = pty.openpty()
    os.close(master)
    done = subprocess.run(
        [sys.executable, "-m", "hil", "--help"],
        env=environment(home),
        stdout=slave,
        stderr=subprocess.PIPE,
        text=True,
        timeout=LIMIT_S,
        start_new_session=True,
    )
    os.close(slave)
    message = "hil: what it found cannot be written: Input/output error\n"
    assert (done.returncode, done.stderr) == (1, message)


def waiting(pipe: int) -> int:
    """How many bytes wait in a pipe."""
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)


def test_a_pipe_that_does_not_block_loses_nothing(home: Path) -> None:
    read, write = os.pipe()
    size = fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 4096)
    os.set_blocking(write, False)
    command = [sys.executable, "-m", "hil", "export"]
    with subprocess.Popen(command, env=environment(home), stdout=write, stderr=subprocess.PIPE) as process:
        os.close(write)
        deadline = time.monotonic() + LIMIT_S
        while waiting(read) < size and time.monotonic() < deadline:
            select.select([], [], [], 0.01)
        with os.fdopen(read, "rb") as reader:
            told = reader.read()
        assert process.wait(LIMIT_S) == 0
        assert process.stderr is not None
        assert process.stderr.read() == b""
    assert len(told) > size
    assert told.count(b"\n") == 100


def test_what_an_encoding_lacks_is_escaped(home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hil", "time", "--help"],
        env={**environment(home), "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        timeout=LIMIT_S,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"measure from here \\u2026" in done.stdout
