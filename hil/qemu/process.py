"""One emulator, started paused and empty, with its debug port and serial port on unix sockets."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from hil.beside import readable, wait_for
from hil.errors import MORE_PROCESSES, BenchProcessError, ProbeError, refusal, remedy_for
from hil.qemu import runtime, watcher
from hil.qemu.clock import EmulatorClock, children
from hil.qemu.memory import SharedMemory
from hil.qemu.plugin import Plugin, PluginError, flash_plugin, timing_plugin, version_text
from hil.qemu.program import PROGRAM, PROGRAM_VARIABLE, find_program
from hil.qemu.qmp import QmpClient, QmpError
from hil.qemu.runtime import RunningBoard
from hil.qemu.timeline import TIMELINE_NAME, Timeline
from hil.qemu.trace import REPORT_NAME, SYMBOLS_NAME, PluginTrace

_CHARDEVS = ("gdb", "qmp", "health", "serial")
PROBE_TYPE = "qemu"  # what pyOCD calls the plug-in; a probe id may start with it and a colon
_SINCE = {"b-l475e-iot01a": "QEMU 9.0 or newer"}
_START_DEADLINE_S = 60.0
_END_DEADLINE_S = 15.0
ANSWER_S = 5.0
_OVER_UART = "frames travel over the UART, which is slower: {why}"


class QemuProcess:
    """A running emulator: a context manager that ends it.

    ``probe_id`` is what pyOCD opens it by, ``serial_url`` what the link opens, ``version`` is QEMU's own.
    ``clock`` stands while the host keeps the emulator from running. ``memory`` is RAM that we reach too;
    where the machine could share it and there is none, ``memory_missing`` says why. ``trace`` tells what
    marked regions cost; without it, ``trace_missing`` says why. ``timeline`` is there if it was asked for.
    """

    def __init__(
        self, board: RunningBoard, watched: _Watched, lock: int, plugins: _Plugins, shared: _Shared
    ) -> None:
        self.board = board
        self.version = ""
        self.memory = shared.memory
        self.memory_missing = shared.missing
        self.clock = EmulatorClock(watched.process.pid)
        self.trace = PluginTrace(board.folder) if plugins.timing is not None else None
        wanted = plugins.timeline and plugins.timing is not None
        self.timeline = Timeline(board.folder / TIMELINE_NAME) if wanted else None
        self.trace_missing = plugins.missing
        self._process = watched.process
        self._owner: int | None = watched.owner
        self._life = watched.life
        self._lock = lock  # ours too: nobody sweeps the folder away before we have read how QEMU ended
        self._reason: str | None = None
        self._killed = False

    @classmethod
    def start(
        cls,
        machine: str = "mps2-an386",
        *,
        name: str | None = None,
        place: int | None = None,
        vendor_algorithm: bool = False,
        timeline: bool = False,
    ) -> Self:
        """Start an emulator that waits, paused, with nothing in its memory.

        ``name`` is shown when probes are listed. Emulators of neighbouring ``place``s run on processors of
        their own; without one, chance decides. With ``vendor_algorithm`` the flash algorithm runs on the
        core, and a plug-in has the FLASH controller of an STM32L475, which takes QEMU 11.1. With ``timeline``
        the timing plug-in also writes down when the core computes, sleeps and moves its sync pin.
        ProbeError when QEMU is missing or does not come up, PluginError when that plug-in cannot be had.
        """
        program = find_program()
        runtime.sweep()
        plugins = replace(_find_plugins(program, vendor_algorithm=vendor_algorithm), timeline=timeline)
        refused = ""
        while True:
            try:
                return cls._start(program, machine, name or machine, plugins, refused, place)
            except ProbeError as error:
                if plugins.timing is not None and "plugin" in error.what:
                    why = f"QEMU does not load the timing plug-in ({_of_any(error.what)})"
                    plugins = replace(plugins, timing=None, missing=why)
                elif not refused and _of_shared_memory(error.what):
                    refused = _of_any(error.what)
                elif machine in _SINCE and "unsupported machine" in error.what:
                    raise _too_old(program, machine) from error
                else:
                    raise

    @classmethod
    def _start(
        cls, program: str, machine: str, name: str, plugins: _Plugins, refused: str, place: int | None
    ) -> Self:
        unique_id = f"{re.sub(r'[^a-z0-9]+', '-', machine.lower())}-{secrets.token_hex(4)}"
        board, lock = runtime.create(unique_id, name, machine, vendor_algorithm=plugins.flash is not None)
        shared = _share(machine, refused)
        try:
            watched = _spawn(program, board, lock, plugins, shared.memory, place)
        except BaseException as error:
            if shared.memory is not None:
                shared.memory.close()
            os.close(lock)
            watcher.remove(str(board.folder))
            if isinstance(error, OSError):
                raise ProbeError(
                    "the emulator's watcher does not start", evidence=str(error), remedy=remedy_for(error)
                ) from error
            raise
        emulator = cls(board, watched, lock, plugins, shared)
        with contextlib.ExitStack() as undo:
            undo.callback(emulator.close)
            try:
                with QmpClient(board.qmp_socket, deadline_s=_START_DEADLINE_S) as qmp:
                    emulator.version = qmp.version
            except QmpError as error:
                emulator._wait()
                reason = emulator.exit_reason() or "QEMU does not answer"
                no_more = "Resource temporarily unavailable" in reason
                kind = BenchProcessError if emulator.killed() else ProbeError
                raise kind(
                    f"{reason} while starting",
                    evidence=str(error),
                    remedy=MORE_PROCESSES if no_more else f"check `{program} --version`",
                ) from error
            undo.pop_all()
        return emulator

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def probe_id(self) -> str:
        return f"{PROBE_TYPE}:{self.board.unique_id}"

    @property
    def serial_url(self) -> str:
        return f"unix://{self.board.serial_socket}"

    def stay_on(self, processor: int) -> None:
        """Move it to one of the processors that it may use, by number; harmless when it has ended.

        Neighbouring numbers stand for different ones. Where the system does not let us, it stays.
        """
        ours = sorted(os.sched_getaffinity(0))
        with contextlib.suppress(OSError):
            for pid in children(self._process.pid):
                for thread in Path(f"/proc/{pid}/task").iterdir():
                    with contextlib.suppress(ProcessLookupError):  # threads come and go
                        os.sched_setaffinity(int(thread.name), {ours[processor % len(ours)]})

    def exit_reason(self) -> str | None:
        """How the emulator ended, with what it said; None while it runs."""
        if self._reason is None and readable(self._life, 0):
            self._wait()
            self._reason = self.board.how_it_ended()
            self._killed = self.board.was_killed
        return self._reason

    def killed(self) -> bool:
        """Whether what ``failure`` told last came from outside: no firmware kills or stops an emulator."""
        return self._killed

    def failure(self) -> str | None:
        """Why the emulator is of no use any more: it ended, or it hangs; None while it answers.

        Takes a millisecond, and `ANSWER_S` when it hangs: stopped by a signal, say. `close` ends it then too.
        """
        ended = self.exit_reason()
        if ended is not None:
            return ended
        try:
            # A monitor of its own: the debug probe may hold the other one.
            QmpClient(self.board.health_socket, deadline_s=ANSWER_S).close()
        except QmpError as error:
            if not self.board.folder.exists():
                return self.exit_reason() or f"QEMU cannot be reached, as {self.board.folder} was removed,"
            self._killed = True
            return self.exit_reason() or f"QEMU hangs ({error})"
        return None

    def close(self) -> None:
        """End the emulator and remove its folder; harmless when it ended by itself."""
        if self._owner is None:
            return
        self.exit_reason()
        os.close(self._owner)
        self._owner = None
        self._wait()
        if self._reason is None:
            self._reason = "QEMU was closed"
        watcher.remove(str(self.board.folder))
        os.close(self._life)
        os.close(self._lock)
        if self.memory is not None:
            self.memory.close()
        if self.timeline is not None:
            self.timeline.close()

    def _wait(self) -> None:
        try:
            wait_for(self._process, _END_DEADLINE_S)
        except subprocess.TimeoutExpired:
            if self._owner is None:  # closing, and the watcher is stuck: end all that it started
                os.killpg(self._process.pid, signal.SIGKILL)
                with contextlib.suppress(subprocess.TimeoutExpired):  # frozen: SIGKILL waits for it
                    wait_for(self._process, _END_DEADLINE_S)


@dataclass(frozen=True)
class _Watched:
    """The watcher; our end of the owner's pipe; the end of a pipe that closes when QEMU ends."""

    process: subprocess.Popen[bytes]
    owner: int
    life: int


@dataclass(frozen=True)
class _Plugins:
    """The timing plug-in, or why it is ``missing``; the FLASH controller, and a timeline, where asked for."""

    timing: Plugin | None
    missing: str | None = None
    flash: Plugin | None = None
    timeline: bool = False

    def arguments(self, board: RunningBoard) -> list[str]:
        """Regions by the firmware's marks, with call paths; stores are watched, for SP at any time."""
        arguments = [] if self.flash is None else self.flash.argument()
        if self.timing is not None:
            report, symbols = board.folder / REPORT_NAME, board.folder / SYMBOLS_NAME
            timeline = board.folder / TIMELINE_NAME if self.timeline else None
            arguments += self.timing.argument(
                out=report, symbols=symbols, marks=1, profile=1, watch=1, icount=1, timeline=timeline
            )
        return arguments


def find_ahead() -> None:
    """Ask QEMU for its version and have its timing plug-in, ahead of the start that tells what is wrong."""
    with contextlib.suppress(ProbeError):
        timing_plugin(find_program())


def _too_old(program: str, machine: str) -> ProbeError:
    """What to raise where QEMU does not have a machine that newer ones have."""
    try:
        release = f"QEMU {version_text(program)}"
    except PluginError:
        release = "this QEMU"
    return ProbeError(
        f"{release} has no machine {machine}",
        evidence=f"{program} was started; the machine needs {_SINCE[machine]}",
        remedy=f"install a newer one (Debian 12: `apt install -t bookworm-backports {PROGRAM}`; "
        f"Debian 13 has 10.0), or name one in {PROGRAM_VARIABLE}",
    )


def _find_plugins(program: str, *, vendor_algorithm: bool) -> _Plugins:
    flash = flash_plugin(program) if vendor_algorithm else None
    try:
        return _Plugins(timing_plugin(program), flash=flash)
    except PluginError as error:
        return _Plugins(None, str(error), flash)


@dataclass(frozen=True)
class _Shared:
    """Memory that frames may travel through; why there is none, where the machine could have some."""

    memory: SharedMemory | None = None
    missing: str | None = None


def _of_any(said: str) -> str:
    """What one emulator said, as all of a pool say it: without its descriptors and the end of its id."""
    return re.sub(r"(?<=/fd/)\d+|(?<=-)[0-9a-f]{8}(?=/)", "…", said)


def _of_shared_memory(said: str) -> bool:
    """Whether what QEMU says is of the option, or of the file, that shares memory."""
    return "memory-backend" in said or "guest RAM" in said


def _share(machine: str, refused: str) -> _Shared:
    """Memory for a new emulator, unless one like it has just ``refused`` some."""
    if refused:
        return _Shared(missing=_OVER_UART.format(why=f"QEMU takes no memory to share with it ({refused})"))
    try:
        return _Shared(SharedMemory.of(machine))
    except OSError as error:
        why = f"the system gives no memory to share with QEMU ({refusal(error)})"
        return _Shared(missing=_OVER_UART.format(why=why))


def _spawn(
    program: str,
    board: RunningBoard,
    lock: int,
    plugins: _Plugins,
    memory: SharedMemory | None,
    place: int | None,
) -> _Watched:
    """Start the watcher and, through it, QEMU.

    The sockets listen before QEMU starts and are handed over, so connecting needs no retries.
    """
    with contextlib.ExitStack() as undo:
        life, alive = os.pipe2(os.O_CLOEXEC)  # before the sockets: a process that ends closes it first
        for descriptor in (life, alive):
            undo.callback(os.close, descriptor)
        watched, owner = os.pipe2(os.O_CLOEXEC)
        for descriptor in (watched, owner):
            undo.callback(os.close, descriptor)
        paths = (board.gdb_socket, board.qmp_socket, board.health_socket, board.serial_socket)
        try:
            listeners = [undo.enter_context(_listen(path)) for path in paths]
        except OSError as error:
            raise runtime.unwritable(error) from error
        undo.pop_all()
    descriptors = dict(zip(_CHARDEVS, (listener.fileno() for listener in listeners), strict=True))
    command = [
        sys.executable,
        "-I",
        "-S",
        watcher.__file__,
        str(os.getpid()),
        str(watched),
        str(board.folder),
        "any" if place is None else str(place),
    ]
    command += [program, *_arguments(board.machine, descriptors), *plugins.arguments(board)]
    inherited = [alive, watched, lock, *descriptors.values()]
    if memory is not None:
        command += memory.arguments
        inherited.append(memory.descriptor)
    try:
        with board.stderr.open("wb") as stderr:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=stderr,
                stderr=stderr,
                pass_fds=inherited,
                cwd=board.folder,  # a core dump goes where it is cleaned up
                start_new_session=True,  # Ctrl-C is for the owner, which then closes us
            )
    except BaseException:
        os.close(owner)
        os.close(life)
        raise
    finally:
        os.close(alive)
        os.close(watched)
        for listener in listeners:
            listener.close()
    return _Watched(process, owner, life)


def _arguments(machine: str, descriptors: Mapping[str, int]) -> list[str]:
    """No `-kernel`: QEMU would copy it again at every reset. `shift=0`: 1 ns per instruction, repeatable."""
    arguments = ["-machine", machine, "-icount", "shift=0", "-S", "-display", "none", "-nodefaults"]
    for name, descriptor in descriptors.items():
        arguments += ["-chardev", f"socket,id={name},fd={descriptor},server=on,wait=off"]
    arguments += ["-gdb", "chardev:gdb", "-serial", "chardev:serial"]
    return [*arguments, "-qmp", "chardev:qmp", "-qmp", "chardev:health"]  # `-mon` is deprecated in QEMU 11.1


def _listen(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    try:
        listener.bind(str(path))
        listener.listen(1)
    except OSError:
        listener.close()
        raise
    return listener
