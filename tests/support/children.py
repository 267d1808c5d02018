"""The surroundings in which tests start programs: a new user's, not those of whoever runs the tests."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

# What changes how Python, pytest or a locale's messages behave.
_CHANGES_BEHAVIOUR = ("PYTHON", "PYTEST_", "LANG", "LC_")


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
