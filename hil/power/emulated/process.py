"""The emulated kit of an emulated board: started when it is first asked for, ended with the board."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from hil.beside import KILLS, readable, wait_for
from hil.errors import PowerProbeError, remedy_for
from hil.power.base import Capabilities, PowerProbe, PowerTrace

_START_S = 60.0  # a busy machine
_END_S = 5.0
_MODULE = "hil.power.emulated.board"


class EmulatedKit:
    """A kit's process; a context manager that ends it. ``arguments`` are the module's, behind the port."""

    def __init__(self, port: Path, arguments: Sequence[str], board: str) -> None:
        self._port = port
        self._arguments = arguments
        self._board = board
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """Its process, None before it is asked for."""
        return self._process.pid if self._process is not None else None

    def start(self) -> str:
        """The port of a kit that runs; one that was killed, or unplugged, is another one now."""
        if self._process is not None and self._process.poll() is not None:
            self.close()
        if self._process is None:
            self._process = self._started()
        return str(self._port)

    def await_start(self) -> None:
        """Until it has taken START, and sees what the board does; PowerProbeError if it does not."""
        if not self._said(_START_S) and self.killed() is None:
            raise PowerProbeError(
                "the emulated power probe does not begin to measure",
                board=self._board,
                evidence=f"no answer in {_START_S:g} s",
                remedy="run it again; see what keeps its process from running",
            )

    def killed(self) -> str | None:
        """How the process was ended from outside; None while it runs, or when it went away by itself."""
        process = self._process
        if process is None or self._port.exists():  # a link to its terminal, which goes before it has ended
            return None
        try:
            status = wait_for(process, _END_S)
        except subprocess.TimeoutExpired:  # it is the emulator's folder that went away
            return None
        if status == 0:
            return None
        if -status in KILLS:
            return f"its process was ended by {signal.Signals(-status).name}"
        return f"its process ended with {status}"

    def _said(self, seconds: float) -> bool:
        """Whether it says something within that time; not when it ends."""
        assert self._process is not None
        return readable(_out(self._process), seconds) and bool(os.read(_out(self._process), 64))

    def close(self) -> None:
        """End it; harmless when it has not begun."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        process.stdout.close()
        try:
            wait_for(process, _END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _started(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", _MODULE, str(self._port), *self._arguments]
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                cwd=self._port.parent,
                start_new_session=True,  # Ctrl-C is for the owner, which then closes us
            )
        except OSError as error:
            raise PowerProbeError(
                "the emulated power probe does not start",
                board=self._board,
                evidence=str(error),
                remedy=remedy_for(error),
            ) from error
        self._process = process
        if not self._said(_START_S):
            why = self.killed() or f"it said nothing for {_START_S:g} s"
            self.close()
            raise PowerProbeError("the emulated power probe does not start", board=self._board, evidence=why)
        return process


def _out(process: subprocess.Popen[bytes]) -> int:
    assert process.stdout is not None
    return process.stdout.fileno()


class EmulatedProbe:
    """The driver of an emulated kit, which tells when its process was killed: no cable did that."""

    def __init__(self, kit: EmulatedKit, probe: PowerProbe, board: str) -> None:
        self._kit = kit
        self._probe = probe
        self._board = board

    @property
    def capabilities(self) -> Capabilities:
        return self._probe.capabilities

    @property
    def taken(self) -> int:
        return self._probe.taken

    def __enter__(self) -> Self:
        with self._told():
            self._probe.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._probe.__exit__(kind, error, trace)

    def supply(self, volts: float) -> None:
        with self._told():
            self._probe.supply(volts)

    def power(self, on: bool) -> None:
        with self._told():
            self._probe.power(on)

    def start(self) -> None:
        with self._told():
            self._probe.start()
            self._kit.await_start()
        if self._kit.killed() is not None:
            raise self._error(None)

    def stop(self) -> PowerTrace:
        """What was taken; PowerProbeError when the kit was killed meanwhile."""
        with self._told():
            trace = self._probe.stop()
        if self._kit.killed() is not None:
            raise self._error(None)
        return trace

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except PowerProbeError as error:
            if self._kit.killed() is None:
                raise
            raise self._error(error.what) from error

    def _error(self, evidence: str | None) -> PowerProbeError:
        return PowerProbeError(
            f"the emulated power probe is gone: {self._kit.killed()}",
            board=self._board,
            evidence=evidence,
            remedy="see what killed it: where memory ran out, the kernel's log tells",
        )
