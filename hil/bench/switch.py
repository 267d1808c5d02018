"""Switches a board off and on by the lab file's command, which may hang, fail, or say anything."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import IO

from hil.beside import wait_for
from hil.errors import MORE_PROCESSES
from hil.escaping import escaped

POWER_S = 120.0
_SLICE_S = 0.2
_SAID_LENGTH = 200
_READ_BYTES = 4_000


def switched(command: Sequence[str], stopping: Callable[[], bool] = lambda: False) -> str | None:
    """Run the command to its end; why the board was not switched, in a line, None where it was.

    It may take two minutes, and ends with all that it started once that is over or ``stopping``. What it
    leaves running where it ends by itself is its own affair.
    """
    told = escaped(shlex.join(command))
    try:
        # A file, and no pipe: what the command leaves running may hold that open for ever.
        with tempfile.TemporaryFile() as said:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True
            )
            status = _status(process, stopping)
            ended = "the run was ended meanwhile" if stopping() else f"it took more than {POWER_S:g} s"
            words = _last_words(said)
    except BlockingIOError as error:
        return f"{told}: {error.strerror}; {MORE_PROCESSES}"
    except (OSError, ValueError) as error:
        return f"{told}: {error}"
    if status is None:
        return f"{told}: {ended}" + (f", {words}" if words else "")
    if status == 0:
        return None
    how = f"ended by signal {-status}" if status < 0 else f"exit code {status}"
    return f"{told}: {how}" + (f", {words}" if words else "")


def _status(process: subprocess.Popen[bytes], stopping: Callable[[], bool]) -> int | None:
    """How it ended; None where it was ended here."""
    deadline = time.monotonic() + POWER_S
    while True:
        try:
            return wait_for(process, _SLICE_S)
        except subprocess.TimeoutExpired:
            if time.monotonic() >= deadline or stopping():
                break
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # its group is its own
    process.wait()
    return None


def _last_words(said: IO[bytes]) -> str:
    """The end of what it said, in one line that steers no terminal."""
    said.seek(max(0, said.seek(0, os.SEEK_END) - _READ_BYTES))
    return escaped(" ".join(said.read().decode(errors="replace").split()))[-_SAID_LENGTH:]
