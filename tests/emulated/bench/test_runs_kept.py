"""What is stored of runs that measure nothing, that share tests out, or that are ended from outside."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from bench_runs import QUICK, RUN_S, bench_command, rows, run_bench, runs
from children import interruptible
from holding import hold

pytestmark = pytest.mark.emulated

THREE = (
    *("--board=all", "--pool=1", "--vectors=30"),
    "--model=fastgrnn_digits/q15,rnnpool_face/q15,rnnpool_face/f32",  # the UART's, then the longest
)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((*QUICK, "nosuch.py"), pytest.ExitCode.USAGE_ERROR),
        ((*QUICK, "-k", "nothing"), pytest.ExitCode.NO_TESTS_COLLECTED),
        ((*QUICK, "--collect-only"), pytest.ExitCode.OK),
        ((*QUICK, "--model=nosuch"), pytest.ExitCode.USAGE_ERROR),
    ],
    ids=["no such file", "nothing chosen", "only collected", "no such model"],
)
def test_a_run_that_measures_nothing_is_not_stored(
    tmp_path: Path, arguments: tuple[str, ...], code: pytest.ExitCode
) -> None:
    done = run_bench(tmp_path, *arguments)
    assert done.returncode == code, done.stdout + done.stderr
    assert runs(tmp_path) == []
    assert "stored:" not in done.stdout


def test_without_qemu_the_table_says_so_and_no_run_is_stored(tmp_path: Path) -> None:
    done = run_bench(tmp_path, *QUICK, PATH="/nonexistent")
    assert done.returncode == pytest.ExitCode.TESTS_FAILED
    assert runs(tmp_path) == []
    assert "fastgrnn_digits  q15        failed" in done.stdout
    assert "stored:" not in done.stdout


def test_a_bench_shared_out_is_refused_in_one_line(tmp_path: Path) -> None:
    done = run_bench(tmp_path, *QUICK, "-n", "2")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    (line,) = [line for line in (done.stdout + done.stderr).splitlines() if "ERROR" in line]
    assert "add -n0" in line
    assert not (tmp_path / "results.db").exists()
    assert run_bench(tmp_path, *QUICK, "-n0").returncode == 0


def test_tests_of_ones_own_are_refused_by_workers_and_others_are_not(tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text("def test_mine(session): pass\n")
    (tmp_path / "test_plain.py").write_text("def test_plain(): pass\n")
    lab = f"--lab={tmp_path / 'no.toml'}"
    done = run_bench(tmp_path, "-n", "2", "-rN", "--model=fastgrnn_digits", lab)  # no summary repeats it
    assert done.returncode == pytest.ExitCode.TESTS_FAILED
    assert done.stdout.count("add -n0") == 1
    assert "Traceback" not in done.stdout + done.stderr
    assert runs(tmp_path) == []
    others = run_bench(tmp_path, "-n", "2", "test_plain.py")
    assert others.returncode == 0, others.stdout


def test_only_a_run_whose_every_test_reported_is_finished(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(
        "import pytest\n"
        "seen = []\n"
        "def pytest_runtest_logfinish(nodeid):\n"
        "    seen.append(nodeid)\n"
        "    if len(seen) == 2:\n"
        "        pytest.exit('enough', returncode=0)\n"
    )
    (tmp_path / "test_mine.py").write_text("def test_mine(bench): bench.run()\n")
    done = run_bench(tmp_path, "--model=fastgrnn_digits", "--vectors=5", "test_mine.py")
    assert done.returncode == 0
    assert runs(tmp_path) == [("interrupted", 1)]
    assert "2 of 3 planned tests reported" in done.stdout


def test_a_run_that_stops_at_its_first_failure_has_failed(tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text("def test_mine(bench): assert bench.run() is None\n")
    done = run_bench(tmp_path, "-x", "--model=fastgrnn_digits", "--vectors=5", "test_mine.py")
    assert done.returncode == pytest.ExitCode.TESTS_FAILED
    assert runs(tmp_path) == [("failed", 1)]


@dataclass(frozen=True)
class Streaming:
    """A bench on a terminal: the first of three tests has reported, the second's session stands."""

    process: subprocess.Popen[bytes]
    terminal: int

    def rest(self) -> str:
        """What it still says, until it ends."""
        drawn = b""
        try:
            while chunk := os.read(self.terminal, 4096):
                drawn += chunk
        except OSError:  # EIO: the last program on the terminal ended
            pass
        assert self.process.wait(RUN_S) == pytest.ExitCode.INTERRUPTED
        return drawn.decode()


@contextmanager
def streaming(folder: Path, boards: Path, *before: str) -> Iterator[Streaming]:
    """``before`` is a program that starts the bench."""
    hold(folder, "rnnpool_face/f32")
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        interruptible([*before, *bench_command(folder, *THREE)]),
        cwd=folder,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env={**os.environ, "HIL_RUNTIME_DIR": str(boards)},
    )
    os.close(terminal)
    drawn = b""
    try:
        # What is drawn behind the first test's name is drawn once it has reported: while that is waited for,
        # the board may be at work on the second already. Its first vector is drawn before it stands.
        while b"rnnpool_face/f32: 1/30 vectors" not in drawn.partition(b"bench.py ")[2]:
            drawn += os.read(controller, 4096)
        yield Streaming(process, controller)
    finally:
        process.kill()
        process.wait()
        with suppress(OSError):
            os.close(controller)


@pytest.fixture
def boards() -> Iterator[Path]:
    """Where the emulators of a run are listed; a socket's name must be short."""
    with TemporaryDirectory(prefix="hil-") as name:
        yield Path(name)


def twice(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)


ENDS: dict[str, tuple[Callable[[subprocess.Popen[bytes]], None], str]] = {
    "Ctrl-C twice": (twice, "interrupted by Ctrl-C"),
    "SIGTERM": (lambda process: process.send_signal(signal.SIGTERM), "terminated by SIGTERM"),
    "SIGHUP": (lambda process: process.send_signal(signal.SIGHUP), "ended by a hangup (SIGHUP)"),
}

STATUS = {"SIGTERM": "terminated", "SIGHUP": "hangup"}


def stored(folder: Path) -> list[tuple[object, ...]]:
    return rows(folder, "select model, precision, status, error from session order by id")


def kept(told: str) -> list[tuple[object, ...]]:
    return [("fastgrnn_digits", "q15", "finished", None), ("rnnpool_face", "f32", "interrupted", told)]


@pytest.mark.parametrize("way", ENDS)
def test_a_run_ended_from_outside_says_how_and_keeps_what_it_has(
    tmp_path: Path, boards: Path, way: str
) -> None:
    end, told = ENDS[way]
    with streaming(tmp_path, boards) as bench:
        end(bench.process)
        rest = bench.rest()
    assert runs(tmp_path) == [(STATUS.get(way, "interrupted"), 1)]
    assert stored(tmp_path) == kept(told)
    assert f"the run was {told}: 1 of 3 planned tests reported" in rest
    assert "fastgrnn_digits  q15" in rest
    (ended,) = (line for line in rest.splitlines() if line.startswith("qemu   rnnpool_face "))
    assert ended.split()[-1] == "interrupted"
    assert "stored: run 1" in rest
    assert not list(boards.iterdir())


def test_a_signal_that_comes_while_the_table_is_printed_loses_no_line_of_it(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(
        "import os, signal\n"
        "def pytest_terminal_summary():\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
    )
    (tmp_path / "test_mine.py").write_text("def test_mine(bench): bench.run()\n")
    command = interruptible(bench_command(tmp_path, "--model=fastgrnn_digits/q15", "test_mine.py"))
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=RUN_S)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert "stored: run 1" in done.stdout
    assert runs(tmp_path) == [("finished", 1)]


def test_a_signal_that_is_ignored_stays_ignored(tmp_path: Path, boards: Path) -> None:
    """As under nohup, and in a script's background."""
    ignoring = ("sh", "-c", "trap '' HUP INT; exec \"$@\"", "sh")
    with streaming(tmp_path, boards, *ignoring) as bench:
        bench.process.send_signal(signal.SIGINT)
        bench.process.send_signal(signal.SIGHUP)
        bench.process.send_signal(signal.SIGTERM)
        assert "terminated by SIGTERM" in bench.rest()
    assert stored(tmp_path) == kept("terminated by SIGTERM")


def test_a_terminal_that_goes_away_loses_nothing(tmp_path: Path, boards: Path) -> None:
    with streaming(tmp_path, boards, "setsid", "--ctty", "--wait") as bench:
        os.close(bench.terminal)
        bench.process.wait(RUN_S)
    assert runs(tmp_path) == [("hangup", 1)]
    assert stored(tmp_path) == kept("ended by a hangup (SIGHUP)")
