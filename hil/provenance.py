"""Where a run came from: the host, and the versions of what took part (its commit: hil.commit)."""

from __future__ import annotations

import platform
import re
import socket
import subprocess
from importlib.metadata import PackageNotFoundError, version

from hil.errors import ProbeError
from hil.qemu.program import find_program

_TOOL_TIMEOUT_S = 60


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
            [find_program(), "--version"],
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_TOOL_TIMEOUT_S,
        ).stdout
    except ProbeError:
        return "not installed"
    except (OSError, subprocess.TimeoutExpired):
        said = ""
    found = re.search(r"version (\d[\w.]*)", said)
    return found[1] if found else "of no known version"
