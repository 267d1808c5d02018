"""Whether a run that says it is running still has its process.

A process number alone is used again by the system, so a process is known by its number, the boot it belongs
to and the moment it began. Where the system does not tell the latter two, the number has to do.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path

from hil_db.records import Status

_STARTTIME = 19  # of the fields of /proc/PID/stat that follow the command's closing parenthesis


def status_now(status: str, host: str, pid: int, birth: str | None) -> Status:
    """The stored status, but ``interrupted`` for a run of this host whose process is gone.

    Of a run on another host nothing can be said: it keeps what is stored.
    """
    if status == Status.RUNNING and host == socket.gethostname() and not _alive(pid, birth):
        return Status.INTERRUPTED
    return Status(status)


def birth_of(pid: int) -> str | None:
    """What tells a living process from an earlier or later one of the same number; None when it is gone."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = stat[stat.rindex(")") + 2 :].split()
    if fields[0] in "ZX":  # it ended, its parent has not noticed yet
        return None
    return f"{boot}/{fields[_STARTTIME]}"


def _alive(pid: int, birth: str | None) -> bool:
    if birth is not None:
        return birth_of(pid) == birth
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
