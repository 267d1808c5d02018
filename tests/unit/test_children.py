"""Programs that tests start: a bare environment, and SIGINT as the test asks for it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from children import bare, interruptible, uninterruptible

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
