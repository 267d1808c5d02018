"""Programs that tests start: a bare environment, and SIGINT as the test asks for it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from children import bare, interruptible, uninterruptible

TESTS = Path(__file__).parents[1]
DEFAULT = "import signal; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"


def test_what_changes_behaviour_is_left_out() -> None:
    shell = {
        "PATH": "/bin",
        "HOME": "/root",
        "PYTHONUNBUFFERED": "1",
        "PYTEST_ADDOPTS": "-x",
        "LC_ALL": "de_DE",
    }
    assert bare(shell) == {"PATH": "/bin", "HOME": "/root"}
    assert "PYTHONUNBUFFERED" not in os.environ


@pytest.mark.parametrize("wrap", [interruptible, uninterruptible])
def test_sigint_is_what_the_test_asks_for(wrap: object) -> None:
    ignored = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as in a script's background job
    try:
        inherited = subprocess.run(
            [sys.executable, "-c", DEFAULT], capture_output=True, text=True, check=True
        )
        chosen = wrap([sys.executable, "-c", DEFAULT])  # type: ignore[operator]
        done = subprocess.run(chosen, capture_output=True, text=True, check=True)
    finally:
        signal.signal(signal.SIGINT, ignored)
    assert inherited.stdout.strip() == "False"
    assert done.stdout.strip() == str(wrap is interruptible)


STARTS_A_SERVER = """
import subprocess, time
import pytest

@pytest.fixture
def server():
    with subprocess.Popen(["sleep", "6000"]) as process:
        yield process
        process.kill()

def test_that_takes_long(server):
    print(server.pid, flush=True)
    time.sleep(6000)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_suite_that_is_ended_ends_what_it_started(number: int, tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text((TESTS / "conftest.py").read_text())
    (tmp_path / "test_server.py").write_text(STARTS_A_SERVER)
    options = ("-p", "no:cacheprovider", "-s", "-q", "-o", f"pythonpath={TESTS / 'support'}")
    command = uninterruptible([sys.executable, "-m", "pytest", *options, "test_server.py"])
    suite = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    try:
        assert suite.stdout is not None
        server = int(next(line for line in suite.stdout if line.strip().isdecimal()))
        suite.send_signal(number)
        suite.communicate(timeout=600)
        assert suite.returncode == pytest.ExitCode.INTERRUPTED
        assert not Path(f"/proc/{server}").exists()
    finally:
        suite.kill()
        suite.communicate()
