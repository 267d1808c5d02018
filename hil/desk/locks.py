"""One board, one user: a lock of the operating system for each board of a host, and who holds it.

A lock ends with the process that took it, however that ends: no file says that a board is taken, only the
lock on it does. What is written in the file tells others who they wait for.
"""

from __future__ import annotations

import fcntl
import getpass
import hashlib
import json
import os
import shlex
import stat
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from hil.errors import LabError
from hil.qemu.runtime import RUNTIME_DIR_VARIABLE

_SHARED = (Path("/run/lock"), Path("/tmp"))  # the same for every user of the host
_SLICE_S = 0.1
_LOOKING_S = 10.0  # for somebody who only looks at the lock to let it go
_LONGEST = 4096
_COMMAND_LENGTH = 120


@dataclass(frozen=True)
class Holder:
    """A process that uses a board, as it says itself."""

    pid: int
    user: str
    command: str
    since: str

    def __str__(self) -> str:
        return f"{self.user}, process {self.pid}, since {self.since}: {self.command}"


class BoardLock:
    """A board that is ours until ``release`` or the end of the process; a context manager."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def release(self) -> None:
        """Let others have the board; harmless when they may already."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            with suppress(OSError):  # one that we may only read says nothing
                os.ftruncate(descriptor, 0)
            os.close(descriptor)


def lock_dir() -> Path:
    """The folder of the locks: one for all users of the host, or within what HIL_RUNTIME_DIR names."""
    chosen = os.environ.get(RUNTIME_DIR_VARIABLE)
    if chosen:
        folder = Path(chosen).absolute() / "locks"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder
    return next((folder for folder in _SHARED if _is_shared(folder)), _SHARED[-1])


def take(identity: str, wait_s: float = 0.0, say: Callable[[str], None] = lambda line: None) -> BoardLock:
    """Lock the board that is known by ``identity``, waiting so long for others; LabError names who has it.

    ``say`` is told once, before it waits, who has it.
    """
    started = time.monotonic()
    said = False
    while True:
        try:
            descriptor = _locked(_path(identity))
        except OSError as error:
            raise LabError(
                "cannot be locked against other users",
                evidence=f"{error.filename or lock_dir()}: {error.strerror}",
                remedy=f"name a folder that can be written in {RUNTIME_DIR_VARIABLE}",
            ) from error
        if descriptor is not None:
            with suppress(OSError):  # made by another user who lets nobody write: the lock holds all the same
                _sign(descriptor)
            return BoardLock(descriptor)
        who = _signed(_path(identity))
        known = who is not None and Path(f"/proc/{who.pid}").exists()
        if time.monotonic() >= started + (wait_s if known else max(wait_s, _LOOKING_S)):
            raise LabError(
                "is in use",
                evidence=str(who) if known else "nobody says by whom",
                remedy="wait for it with --wait=SECONDS, or end that run",
            )
        if known and not said:
            said = True
            say(f"waiting {wait_s:g} s for {who}")
        time.sleep(_SLICE_S)


def holder(identity: str) -> Holder | str | None:
    """Who uses the board; a text where that is not known, None when nobody does. It is not locked by this."""
    path = _path(identity)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    except OSError as error:
        return f"its lock cannot be read: {error.strerror}"
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _signed(path) or "somebody who does not say"
    finally:
        os.close(descriptor)
    return None


def _is_shared(folder: Path) -> bool:
    try:
        mode = folder.stat().st_mode
    except OSError:
        return False
    return stat.S_ISDIR(mode) and mode & (stat.S_ISVTX | 0o777) == stat.S_ISVTX | 0o777


def _path(identity: str) -> Path:
    name = hashlib.sha256(identity.encode("utf-8", "surrogateescape")).hexdigest()[:24]
    return lock_dir() / f"hil-lab-{name}.lock"


def _locked(path: Path) -> int | None:
    """A descriptor that holds the lock; None where another one does. OSError when there can be none."""
    descriptor = _opened(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        held, named = os.fstat(descriptor), path.stat()
    except (BlockingIOError, FileNotFoundError):  # the latter: somebody tidied the folder up
        os.close(descriptor)
        return None
    except BaseException:
        os.close(descriptor)
        raise
    if (held.st_dev, held.st_ino) != (named.st_dev, named.st_ino):
        os.close(descriptor)
        return None
    return descriptor


def _opened(path: Path) -> int:
    """The file, made when it is missing, for all users: in a shared folder Linux opens others' files only
    for those who do not ask to make them.
    """
    flags = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW
    while True:
        with suppress(FileNotFoundError):
            try:
                return os.open(path, flags)
            except PermissionError:
                return os.open(path, flags & ~os.O_RDWR | os.O_RDONLY)
        with suppress(FileExistsError):
            descriptor = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o666)
            os.fchmod(descriptor, 0o666)
            return descriptor


def _sign(descriptor: int) -> None:
    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        user = str(os.getuid())
    command = shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])[:_COMMAND_LENGTH]
    now = datetime.now().astimezone().isoformat(sep=" ", timespec="seconds")
    text = json.dumps(asdict(Holder(os.getpid(), user, command, now)))
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, text.encode(), 0)


def _signed(path: Path) -> Holder | None:
    try:
        with path.open("rb") as file:
            fields = json.loads(file.read(_LONGEST))
        return Holder(int(fields["pid"]), str(fields["user"]), str(fields["command"]), str(fields["since"]))
    except (OSError, ValueError, TypeError, KeyError):
        return None
