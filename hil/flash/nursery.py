"""Processes that drive debug probes, forked from one that has imported pyOCD: one for each board."""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from types import TracebackType
from typing import IO, Protocol, Self

from hil.beside import KILLS, readable, wait_for
from hil.errors import BenchProcessError, ProbeError

# While pyOCD is imported it looks for SEGGER's library: where the linker's cache knows of none, Python would
# ask the C compiler and the linker of whatever folder PATH names first.
_START = """
import os, sys
sys.path[:] = sys.argv[2:]
from hil.collecting import collecting_later
path, os.environ["PATH"] = os.environ.get("PATH", os.defpath), os.devnull
with collecting_later():
    from hil.flash.served import {main}
os.environ["PATH"] = path
{main}(int(sys.argv[1]))
"""
NUMBER = struct.Struct("<i")  # what is asked of a nursery, and its answer: a process id, or how one ended
_LAST_WORDS_S = 5.0
_SAID_LENGTH = 400
_ANSWER_S = 120.0  # the first one waits until pyOCD is imported


class Process(Protocol):
    """One that drives probes; ``returncode`` is None until its end was waited for."""

    @property
    def pid(self) -> int: ...

    @property
    def returncode(self) -> int | None: ...

    def kill(self) -> None: ...

    def ended(self, seconds: float) -> bool:
        """Whether it ends within that time."""


class _Spawned:
    """A new interpreter."""

    def __init__(self, main: str, line: socket.socket, said: IO[bytes]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _START.format(main=main), str(line.fileno()), *sys.path],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            pass_fds=(line.fileno(),),
            start_new_session=True,
        )
        self.pid = self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.returncode

    def kill(self) -> None:
        self._process.kill()

    def ended(self, seconds: float) -> bool:
        try:
            wait_for(self._process, seconds)
        except subprocess.TimeoutExpired:
            return False
        return True


class _Forked:
    """One that the nursery forked; a descriptor of ours tells its end, whoever has its number since."""

    def __init__(self, nursery: Nursery, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._nursery = nursery
        try:
            self._life = os.pidfd_open(pid)
        except ProcessLookupError:
            self._life = -1  # its nursery is gone, too

    def kill(self) -> None:
        if self._life >= 0:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._life, signal.SIGKILL)

    def ended(self, seconds: float) -> bool:
        if self.returncode is None:
            if self._life >= 0:
                if not readable(self._life, seconds):
                    return False
                os.close(self._life)
                self._life = -1
            self.returncode = self._nursery.status(self.pid)
        return True


def spawn(line: socket.socket, said: IO[bytes]) -> Process:
    """A process of its own that serves the line, its output in ``said``; OSError when it does not start."""
    return _Spawned("main", line, said)


class Nursery:
    """A process that imports pyOCD once, and then forks as many as are wanted; it drives no probe itself.

    Started when it is first needed; a context manager ends it. When it ends, or we do, what it forked stays
    until its own line ends. Any thread may ask.
    """

    def __init__(self) -> None:
        self._asking = threading.Lock()
        self._process: _Spawned | None = None
        self._line: socket.socket | None = None
        self._said: IO[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """Of the process, while there is one."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start the process now, so that it is ready when it is needed; OSError when that cannot be."""
        with self._asking:
            self._started()

    def fork(self, line: socket.socket, said: IO[bytes]) -> Process:
        """A process that serves the line, with its output in ``said``; OSError, ProbeError if none."""
        with self._asking:
            control = self._started()
            try:
                socket.send_fds(control, [NUMBER.pack(0)], [line.fileno(), said.fileno()])
                pid = self._answer(control)
            except (OSError, struct.error) as error:
                raise self._why_ended(error) from error
        return _Forked(self, pid)

    def status(self, pid: int) -> int:
        """How one of its processes ended, as ``Popen.returncode``; 0 where it cannot tell any more."""
        with self._asking:
            if self._line is None:
                return 0
            try:
                self._line.sendall(NUMBER.pack(pid))
                return self._answer(self._line)
            except (OSError, struct.error):
                self._end()
                return 0

    def close(self) -> None:
        """End it; what it forked stays."""
        with self._asking:
            self._end()

    def _why_ended(self, error: Exception) -> ProbeError:
        process, said, self._said = self._process, self._said, None
        if process is None or said is None or not process.ended(_LAST_WORDS_S):
            self._end()
            return BenchProcessError(
                "the process that drives the debug probes does not answer",
                evidence=str(error),
                remedy="run it again",
            )
        self._end()
        return ended(process, said)

    def _started(self) -> socket.socket:
        if self._process is not None and self._line is not None and self._process.ended(0):
            raise self._why_ended(EOFError())
        if self._line is None:
            ours, theirs = socket.socketpair()
            with theirs:
                try:
                    self._said = tempfile.TemporaryFile()  # noqa: SIM115
                    self._process = _Spawned("nurse", theirs, self._said)
                except BaseException:
                    ours.close()
                    self._end()
                    raise
            ours.settimeout(_ANSWER_S)
            self._line = ours
        return self._line

    def _answer(self, control: socket.socket) -> int:
        number: int = NUMBER.unpack(control.recv(NUMBER.size))[0]
        return number

    def _end(self) -> None:
        if self._line is not None:
            self._line.close()
        if self._process is not None:
            self._process.kill()
            self._process.ended(_ANSWER_S)
        if self._said is not None:
            self._said.close()
        self._line = self._process = self._said = None


def ended(process: Process, said: IO[bytes]) -> ProbeError:
    """Why a process that drove probes has ended, with the last line of what it ``said``, which is closed."""
    with said:
        said.seek(0)
        lines = said.read().decode(errors="replace").strip().splitlines()
    status = process.returncode or 0
    how = f"by signal {-status}" if status < 0 else f"with exit code {status}"
    kind = BenchProcessError if -status in KILLS else ProbeError
    return kind(
        f"the process that drives the debug probes ended {how}",
        evidence=lines[-1][:_SAID_LENGTH] if lines else None,
        remedy="run it again",
    )
