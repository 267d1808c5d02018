"""pyOCD in a process of its own: it is imported there while a run imports and prepares everything else."""

from __future__ import annotations

import logging
import pickle
import socket
import tempfile
import threading
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from io import BufferedRWPair
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from hil.errors import BenchProcessError, HilError, ProbeError, remedy_for
from hil.flash.base import AttachedProbe, Flasher, FlashReport
from hil.flash.nursery import Nursery, Process, ended, spawn

_END_S = 5.0  # for what is under way; then it is ended by force
_PROGRAM_S = 1200.0  # to write an image through a slow probe
_ANSWER_S = 120.0  # for any other call; the first one waits until pyOCD is imported
_RELEASE_S = 10.0
_MEMORY_S = 30.0  # for some KiB of RAM at most
_KILLED_S = 60.0


@dataclass(frozen=True)
class _Child:
    """The process, our end of the line to it, and what it says when it fails."""

    process: Process
    connection: socket.socket
    line: BufferedRWPair
    stderr: IO[bytes]
    lock: threading.RLock = field(default_factory=threading.RLock)


class ProbeProcess:
    """Drives debug probes from a process that is started when it is first needed; a context manager ends it.

    One process serves any number of flashers, one call at a time. It is in no terminal's foreground: Ctrl-C
    reaches us alone. When we end, however we do, it lets its probes go and ends too. When it ends by itself,
    the call that meets that is a ProbeError, and the next flasher starts another.
    """

    def __init__(self, nursery: Nursery | None = None) -> None:
        """``nursery`` starts the process; without one it is a new interpreter."""
        self._nursery = nursery
        self._starting = threading.Lock()
        self._child: _Child | None = None
        self._held: set[int] = set()  # numbers of flashers that are connected

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """Of the process, while there is one."""
        return None if self._child is None else self._child.process.pid

    def start(self) -> None:
        """Start the process now, or what forks it, to have it ready; ProbeError when that cannot be."""
        if self._nursery is None:
            self._started()
            return
        try:
            self._nursery.start()
        except OSError as error:
            raise _not_started(error) from error

    def flasher(self, unique_id: str, target: str, *, options: Mapping[str, object] | None = None) -> Flasher:
        """A flasher that is not connected yet; what is given is what ``PyOcdFlasher`` takes."""
        return _FlasherApart(self, unique_id, target, options)

    def attached(self) -> list[AttachedProbe]:
        """Every debug probe that pyOCD finds now; ProbeError when it cannot look."""
        found: list[AttachedProbe] = self.ask(self._started(), "attached")
        return found

    def kill(self) -> None:
        """Break what a thread waits for, from another one: its call is then a ProbeError."""
        if self._child is not None:
            self._child.process.kill()

    def close(self) -> None:
        """End the process, with all that it holds; harmless when there is none."""
        if self._child is not None:
            if not self._held:
                self._child.process.kill()  # it may still be importing
            self._leave(self._child)

    def opened(self, *given: object) -> tuple[_Child, int]:
        """Connect to a probe; returns the process that holds it, and its number there."""
        child = self._started()
        number: int = self.ask(child, "connect", *given)
        self._held.add(number)
        return child, number

    def release(self, child: _Child, number: int) -> None:
        """Let a probe go; one whose process has ended is let go already."""
        if self._serves(child):
            self._held.discard(number)
            try:
                self.ask(child, "release", number, limit_s=_RELEASE_S)
            except ProbeError as ended:
                logging.getLogger(__name__).debug("%s", ended)

    def ask(self, child: _Child, call: str, *given: object, limit_s: float | None = None) -> Any:
        """Let the process do something, and what it gave back.

        HilError when it refuses, has ended, or does not answer, in two minutes unless ``limit_s`` is given.
        """
        with child.lock:
            return self._ask(child, call, given, limit_s)

    def _ask(self, child: _Child, call: str, given: tuple[object, ...], limit_s: float | None) -> Any:
        if not self._serves(child):
            raise ProbeError("the process that drives the debug probes has ended", remedy="run it again")
        log = logging.getLogger("pyocd")
        limit_s = _ANSWER_S if limit_s is None else limit_s
        child.connection.settimeout(limit_s)
        try:
            pickle.dump((log.getEffectiveLevel(), call, given), child.line)
            child.line.flush()
            refused, value, said = pickle.load(child.line)
        except TimeoutError as error:
            self._leave(child)
            raise BenchProcessError(
                f"the process that drives the debug probes has not answered for {limit_s:g} s",
                evidence=f"asked for: {call}",
                remedy="run it again; a probe of silicon may want to be plugged in anew",
            ) from error
        except (EOFError, OSError, pickle.UnpicklingError) as error:
            raise self._why_ended(child) from error
        except BaseException:  # interrupted: whoever asks next would get this answer
            self._leave(child)
            raise
        if log.hasHandlers():  # else what it warns of would go to the terminal
            for name, level, message in said:
                logging.getLogger(name).log(level, "%s", message)
        if refused is not None:
            assert isinstance(refused, HilError)
            raise refused
        return value

    def _serves(self, child: _Child) -> bool:
        return child is self._child

    def _started(self) -> _Child:
        with self._starting:
            if self._child is None:
                self._child = _start(self._nursery)
            return self._child

    def _leave(self, child: _Child) -> None:
        self._hang_up(child)
        child.stderr.close()

    def _hang_up(self, child: _Child) -> None:
        """End the line, which ends the process."""
        if self._serves(child):
            self._child = None
            self._held.clear()
        with suppress(OSError):
            child.connection.shutdown(socket.SHUT_RDWR)  # a fork of ours may hold the line too
        with suppress(OSError):  # of what could not be sent any more
            child.line.close()
        child.connection.close()
        if not child.process.ended(_END_S):
            child.process.kill()
            child.process.ended(_KILLED_S)

    def _why_ended(self, child: _Child) -> ProbeError:
        self._hang_up(child)
        return ended(child.process, child.stderr)


def _start(nursery: Nursery | None) -> _Child:
    with ExitStack() as undo:
        try:
            ours, theirs = socket.socketpair()
            undo.callback(ours.close)
            undo.callback(theirs.close)
            stderr = undo.enter_context(tempfile.TemporaryFile())
            process = spawn(theirs, stderr) if nursery is None else nursery.fork(theirs, stderr)
        except OSError as error:
            raise _not_started(error) from error
        undo.pop_all()
        theirs.close()
        return _Child(process, ours, ours.makefile("rwb"), stderr)


def _not_started(error: OSError) -> ProbeError:
    return ProbeError(
        "the process that drives the debug probes does not start",
        evidence=str(error),
        remedy=remedy_for(error),
    )


class _FlasherApart:
    """A flasher in the other process. One object serves one ``with`` block."""

    def __init__(
        self, process: ProbeProcess, unique_id: str, target: str, options: Mapping[str, object] | None
    ) -> None:
        self._process = process
        self._given = (unique_id, target, dict(options or {}))
        self._held: tuple[_Child, int] | None = None

    def __enter__(self) -> Self:
        self._held = self._process.opened(*self._given)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        held, self._held = self._held, None
        if held is not None:
            self._process.release(*held)

    def program(self, image_path: Path) -> FlashReport:
        report: FlashReport = self._ask("program", image_path.absolute(), limit_s=_PROGRAM_S)
        return report

    def reset_and_run(self) -> None:
        self._ask("reset_and_run")

    def halt(self) -> None:
        self._ask("halt")

    def halted(self) -> bool:
        return bool(self._ask("halted"))

    def read_memory(self, address: int, count: int) -> bytes:
        data: bytes = self._ask("read_memory", address, count, limit_s=_MEMORY_S)
        return data

    def write_memory(self, address: int, data: bytes) -> None:
        self._ask("write_memory", address, data, limit_s=_MEMORY_S)

    def fault_registers(self) -> dict[str, int]:
        registers: dict[str, int] = self._ask("fault_registers")
        return registers

    def _ask(self, call: str, *given: object, limit_s: float | None = None) -> Any:
        if self._held is None:
            raise ProbeError("the flasher is not connected", remedy="use it in a with block")
        child, number = self._held
        return self._process.ask(child, call, number, *given, limit_s=limit_s)
