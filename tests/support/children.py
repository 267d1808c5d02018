"""The surroundings in which tests start programs: a new user's, not those of whoever runs the tests.

And how tests stop programs.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

# What changes how Python, pytest or a locale's messages behave.
_CHANGES_BEHAVIOUR = ("PYTHON", "PYTEST_", "LANG", "LC_")
_STOPPED_S = 300.0  # there for a hang


def bare(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without what a user may not have set: PYTHONUNBUFFERED, PYTEST_ADDOPTS, a locale.

    ``conftest.py`` puts it over the tests' own, so that every program they start has it.
    """
    return {name: value for name, value in environment.items() if not name.startswith(_CHANGES_BEHAVIOUR)}


def make_bare() -> None:
    """Make this process's environment ``bare``."""
    kept = bare(os.environ)
    for name in set(os.environ) - set(kept):
        del os.environ[name]


def interruptible(command: Sequence[str]) -> list[str]:
    """The command with signals as terminals leave them: a script's `&` ignores SIGINT, `nohup` SIGHUP."""
    return ["env", "--default-signal=INT,HUP,TERM", *command]


def uninterruptible(command: Sequence[str]) -> list[str]:
    """The command as a script starts it in the background: SIGINT ignored."""
    return ["env", "--default-signal=HUP,TERM", "--ignore-signal=INT", *command]


def stop(pid: int) -> None:
    """Stop a process with all of its threads; they go on until one of them has got the signal."""
    os.kill(pid, signal.SIGSTOP)
    deadline = time.monotonic() + _STOPPED_S
    while any(_state(thread) not in ("T", "gone") for thread in Path(f"/proc/{pid}/task").iterdir()):
        assert time.monotonic() < deadline, f"process {pid} does not stop"
        time.sleep(0.001)


def _state(thread: Path) -> str:
    """By proc_pid_stat(5), behind the name in parentheses."""
    try:
        return (thread / "stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "gone"
