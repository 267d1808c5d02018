"""Who has a serial port open: what /proc says of this machine's processes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_COMMAND_LENGTH = 80


@dataclass(frozen=True)
class Process:
    """One that has a file open."""

    pid: int
    command: str

    def __str__(self) -> str:
        return f"process {self.pid} ({self.command})" if self.command else f"process {self.pid}"


def users_of(port: str, proc: Path = Path("/proc")) -> list[Process]:
    """The other processes that have the port open, by their numbers; those of other users root alone sees."""
    try:
        device = Path(port).stat().st_rdev
    except (OSError, ValueError):
        return []
    found = []
    for folder in proc.glob("[0-9]*"):
        if folder.name != str(os.getpid()) and _has_open(folder / "fd", device):
            found.append(Process(int(folder.name), _command(folder)))
    return sorted(found, key=lambda one: one.pid)


def _has_open(descriptors: Path, device: int) -> bool:
    if not device:
        return False
    try:
        return any(_device(one) == device for one in descriptors.iterdir())
    except OSError:  # it ended, or is another user's
        return False


def _device(descriptor: Path) -> int:
    try:
        return descriptor.stat().st_rdev
    except OSError:
        return 0


def _command(folder: Path) -> str:
    try:
        words = (folder / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return ""
    return b" ".join(words).decode(errors="replace").strip()[:_COMMAND_LENGTH]
