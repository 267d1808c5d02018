"""Programs in surroundings that only the kernel can give: another user, a mount of one's own."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

STRANGER = 12345  # a user id without an entry in passwd


def as_stranger(*command: str) -> list[str]:
    """The command, run by a user that has no entry in passwd; skips where the kernel gives no namespaces."""
    return [*_unshare(f"--map-user={STRANGER}"), *command]


def with_noexec(folder: Path, *command: str) -> list[str]:
    """The command, with an empty file system on the folder from which nothing may be executed."""
    mount = f'mount -t tmpfs -o noexec,mode=755 tmpfs {shlex.quote(str(folder))} && exec "$@"'
    return [*_unshare("--map-root-user", "--mount"), "sh", "-c", mount, "sh", *command]


def with_little_room(folder: Path, kilobytes: int, *command: str) -> list[str]:
    """The command, with an empty file system of that size on the folder."""
    mount = f'mount -t tmpfs -o size={kilobytes}k,mode=700 tmpfs {shlex.quote(str(folder))} && exec "$@"'
    return [*_unshare("--map-root-user", "--mount"), "sh", "-c", mount, "sh", *command]


def without_proc(*command: str) -> list[str]:
    """The command, where nothing is mounted on /proc."""
    hidden = 'mount -t tmpfs tmpfs /proc && exec "$@"'
    return [*_unshare("--map-root-user", "--mount"), "sh", "-c", hidden, "sh", *command]


def _unshare(*options: str) -> list[str]:
    start = ["unshare", "--user", *options, "--"]
    if shutil.which("unshare") is None or subprocess.run([*start, "true"], capture_output=True).returncode:
        pytest.skip(f"the kernel does not allow `{' '.join(start[:-1])}`")
    return start
