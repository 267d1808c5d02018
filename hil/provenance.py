"""Where a run came from: the commit, the host, the versions of what took part."""

from __future__ import annotations

import platform
import re
import shutil
import socket
import subprocess
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from hil.errors import ProbeError
from hil.qemu.program import find_program

_TOOL_TIMEOUT_S = 10


@dataclass(frozen=True)
class Commit:
    """The commit checked out in a folder; ``dirty`` when tracked files differ from it."""

    sha: str
    dirty: bool


def commit_of(folder: Path) -> Commit | None:
    """The commit that a folder is at, or None when it is not in a git work tree or git is missing."""
    sha = _git(folder, "rev-parse", "HEAD")
    if sha is None:
        return None
    status = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return Commit(sha, bool(status))


def host_name() -> str:
    """The name of the machine that runs the bench."""
    return socket.gethostname()


def versions() -> dict[str, str]:
    """Versions of the lab, of Python and of the system; a board adds those of its own tools."""
    return {
        "hil": version("hil-lab"),
        "python": platform.python_version(),
        "system": platform.platform(terse=True),
    }


def version_line() -> str:
    """What `hil --version` says: the lab's version and those of the tools that it finds."""
    tools = f"Python {platform.python_version()}, pyOCD {_installed('pyocd')}, QEMU {_qemu()}"
    return f"hil {_installed('hil-lab')} ({tools})"


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _qemu() -> str:
    try:
        said = subprocess.run(
            [find_program(), "--version"], capture_output=True, text=True, timeout=_TOOL_TIMEOUT_S
        ).stdout
    except ProbeError:
        return "not installed"
    except (OSError, subprocess.TimeoutExpired):
        said = ""
    found = re.search(r"version (\d[\w.]*)", said)
    return found[1] if found else "of no known version"


def _git(folder: Path, *arguments: str) -> str | None:
    git = shutil.which("git")
    if git is None:
        return None
    try:
        done = subprocess.run(
            [git, "-C", str(folder), *arguments], capture_output=True, text=True, timeout=_TOOL_TIMEOUT_S
        )
    except subprocess.TimeoutExpired:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
