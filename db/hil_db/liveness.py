"""Whether a run that says it is running still has its process.

A process number alone is used again by the system, so a process is known by its number, the boot it belongs
to and the moment it began. Where the system does not tell the latter two, the number has to do.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path

from hil_db.records import Status

_ENDED = "ZX"  # states of a process whose parent has not noticed yet
_STARTTIME = 19  # of the fields of /proc/PID/stat that follow the command's closing parenthesis


def status_now(status: str, host: str, pid: int, birth: str | None = None) -> Status:
    """The stored status, but ``interrupted`` for a run of this host whose process is gone.

    ``birth`` is what ``birth_of`` said when the run began; without it a later process of the same number
    passes for the run. Of a run on another host nothing can be said: it keeps what is stored.
    """
    if status == Status.RUNNING and host == socket.gethostname() and not _alive(pid, birth):
        return Status.INTERRUPTED
    return Status(status)


def birth_of(pid: int) -> str | None:
    """What tells a living process from an earlier or later one of the same number; None when it is gone."""
    fields = _stat(pid)
    if fields is None or fields[0] in _ENDED:
        return None
    return f"{_boot()}/{fields[_STARTTIME]}"


def _alive(pid: int, birth: str | None) -> bool:
    if not isinstance(pid, int) or pid <= 0:  # SQLite keeps whatever a column is given
        return False
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass  # it is another user's
    if _stat(pid) is None:
        return True  # no /proc, or the system hides it
    now = birth_of(pid)
    return now is not None and birth in (None, now)


def _stat(pid: int) -> list[str] | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return stat[stat.rindex(")") + 2 :].split()


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
