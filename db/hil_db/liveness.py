"""Whether a run that says it is running still has its process."""

from __future__ import annotations

import os
import socket

from hil_db.records import Status


def status_now(status: str, host: str, pid: int) -> Status:
    """The stored status, but ``interrupted`` for a run of this host whose process is gone.

    Of a run on another host nothing can be said: it keeps what is stored.
    """
    if status == Status.RUNNING and host == socket.gethostname() and not _alive(pid):
        return Status.INTERRUPTED
    return Status(status)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
