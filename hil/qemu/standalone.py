"""Any program for the mps2-an386, run once in QEMU with the timing plug-in, without a debugger or a link."""

from __future__ import annotations

import ctypes
import json
import os
import selectors
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext, suppress
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from pathlib import Path

from hil.errors import ImageError, ProgramError
from hil.measure.cycles import RegionCost
from hil.measure.elf import (
    code_addresses,
    load_segments,
    names_system_control,
    names_systick,
    vector_table,
)
from hil.qemu.plugin import Plugin, timing_plugin
from hil.qemu.program import find_program
from hil.qemu.semihosting import HostCalls
from hil.qemu.trace import REPORT_NAME, SYMBOLS_NAME, region_of, write_symbols

MACHINE = "mps2-an386"
_CHUNK = 65536
_END_S = 10.0
_ERROR_LENGTH = 300
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


# What the plug-in writes last when it ends the emulator itself (region.c).
_NEEDS_ICOUNT = b'{"needs":"icount"}'
_LAST_LINES = {_NEEDS_ICOUNT, b'{"enough":true}'}
# What it writes when the program reads registers of the DWT.
_SAW_DWT = b'{"saw":"dwt"}'
_OVERFLOW = b'{"overflow":'
_REMEDY = f"give a linked ELF for QEMU's {MACHINE}"


@dataclass(frozen=True)
class Region:
    """What to measure: a call of ``function``, ``start`` to ``end``, or (none of them) the whole program.

    Each is the name of a symbol, or a number.
    """

    function: str | None = None
    start: str | None = None
    end: str | None = None

    @property
    def is_whole(self) -> bool:
        """Whether it is the whole program."""
        return self.function is None and self.start is None

    @property
    def title(self) -> str:
        """How the region is called."""
        if self.function is not None:
            return f"function {self.function}"
        return f"{self.start} to {self.end}" if self.start is not None else "the whole program"


@dataclass(frozen=True)
class Outcome:
    """How a program ran: the regions it went through, and the exit code that it gave by semihosting.

    ``icount``: it looks at a clock, so that the emulator's was made to count instructions. ``reads_dwt``: it
    reads the DWT, which holds the cycle counter of a chip and nothing here. ``refused`` is what it wanted of
    this machine by semihosting and did not get. ``trouble`` is why it had to be ended before its own end,
    None otherwise.
    """

    regions: tuple[RegionCost, ...]
    exit_code: int | None
    icount: bool
    reads_dwt: bool
    refused: tuple[str, ...]
    trouble: str | None


def run(
    elf: Path,
    region: Region,
    *,
    say: Callable[[bytes], object],
    profile: bool = False,
    wait_states: int = 0,
    most: int | None = None,
    timeout_s: float = 120.0,
    host_access: bool = False,
    held: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> Outcome:
    """Run the program to its end, or until ``most`` regions were measured.

    ``say`` gets what it prints by semihosting and on its first UART, as it comes. With ``host_access`` it can
    read and write files and run commands by semihosting, as the user who runs it can. Inside of ``held()`` no
    signal may raise an exception: what Python runs after a fork would lose it. ImageError when the ELF
    or a symbol is not there, ProbeError when QEMU or the plug-in is not. A program that turns out to look at
    a clock, or to take an unknown number of bytes of stack, is run a second time: with a clock that counts
    instructions, and with its stores watched.
    """
    program = find_program()
    plugin = timing_plugin(program)
    where = _addresses(elf, region)
    icount, watch = names_systick(elf), False
    may_start_systick = names_system_control(elf)
    deadline = time.monotonic() + timeout_s
    said = 0
    while True:
        options: dict[str, object] = {
            **where,
            "profile": int(profile),
            "watch": int(watch),
            "icount": int(icount),
            "systick": int(may_start_systick),
            "notes": 1,
            "wait_states": wait_states,
            "regions": most,
        }
        attempt = _Attempt(
            program, elf, plugin, options, icount, said, say, timeout_s, deadline, host_access, held
        )
        outcome, needs = attempt.run()
        said = attempt.said
        if needs == "icount" and not icount:
            icount = True
        elif outcome.trouble is None and not watch and not all(r.stack_exact for r in outcome.regions):
            watch = True
        else:
            return outcome


def _addresses(elf: Path, region: Region) -> dict[str, object]:
    """The plug-in's options that say where the region lies; ImageError when a symbol is not there."""
    try:
        load_segments(elf)
        names = code_addresses(elf)
        vectors = vector_table(elf, 0)
    except ImageError as error:
        raise ImageError(
            f"{elf} is no program for a Cortex-M4", evidence=error.evidence or error.what, remedy=_REMEDY
        ) from None
    if vectors.reset is None:
        raise ImageError(
            f"{elf.name} has no vector table at address 0",
            evidence="nothing is loaded there",
            remedy=f"link it for the {MACHINE}, which starts at 0",
        )
    found: dict[str, object] = {"sp": hex(vectors.initial_sp)}
    for option, name in (("function", region.function), ("from", region.start), ("to", region.end)):
        if name is not None:
            found[option] = hex(_address(elf, name, names))
    return found


def _address(elf: Path, name: str, names: dict[str, set[int]]) -> int:
    addresses = names.get(name, set())
    if len(addresses) > 1:
        raise ImageError(
            f"{elf.name} has several functions {name!r}",
            evidence=", ".join(f"{address:#x}" for address in sorted(addresses)),
            remedy="give one of these addresses",
        )
    if addresses:
        return next(iter(addresses))
    try:
        return int(name, 0)
    except ValueError:
        close = get_close_matches(name, names, 1, 0.0)
        raise ImageError(
            f"{elf.name} has no function {name!r}",
            evidence=f"{len(names)} named places in its code",
            remedy=f"one of them is {close[0]!r}" if close else "do not strip it",
        ) from None


def _end_with(parent: int) -> None:
    """In the emulator's process: end when the one that started it does, however that happens."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _ended(process: subprocess.Popen[bytes]) -> None:
    """Let nothing of it be left, however far it came."""
    if process.poll() is None:
        process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


class _Attempt:
    """One run of the emulator, in a folder of its own."""

    def __init__(
        self,
        program: str,
        elf: Path,
        plugin: Plugin,
        options: dict[str, object],
        icount: bool,
        skip: int,
        say: Callable[[bytes], object],
        timeout_s: float,
        deadline: float,
        host_access: bool,
        held: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self.program = program
        self.elf = elf
        self.plugin = plugin
        self.options = options
        self.icount = icount
        self.said = 0
        self._skip = skip  # bytes that an earlier attempt has said already
        self._say = say
        self._timeout_s = timeout_s
        self._deadline = deadline  # of all attempts
        self._held = held
        self._calls = None if host_access else HostCalls(self._hand_on)

    def run(self) -> tuple[Outcome, str | None]:
        """The outcome, and what the plug-in needs to do better."""
        with tempfile.TemporaryDirectory(prefix="hil-time-") as name:
            folder = Path(name)
            write_symbols(folder / SYMBOLS_NAME, self.elf)
            code, errors, late = self._emulate(folder)
            lines = _lines(folder / REPORT_NAME, errors)
        needs = "icount" if _NEEDS_ICOUNT in lines else None
        overflow = next((line for line in lines if line.startswith(_OVERFLOW)), None)
        told = _LAST_LINES | {_SAW_DWT, overflow}
        regions = tuple(region_of(line) for line in lines if line not in told)
        trouble = _overflow(overflow) if overflow is not None else self._trouble(code, errors, late)
        ended = trouble is None and not _LAST_LINES & set(lines)
        exit_code = code if ended else None
        refused = tuple(self._calls.refused) if self._calls is not None else ()
        return Outcome(regions, exit_code, self.icount, _SAW_DWT in lines, refused, trouble), needs

    def _trouble(self, code: int, errors: str, late: bool) -> str | None:
        lost = next((line for line in errors.splitlines() if "reports are lost" in line), None)
        if lost is not None:
            return f"{lost.strip()}; check that the disk is not full"
        if late:
            return f"it did not end within {self._timeout_s:g} s"
        if code >= 0:
            return None
        lines = [line for line in errors.splitlines() if line.strip()]
        lockup = next((line for line in lines if "Lockup" in line), None)
        counter = next((line for line in lines if "R15=" in line), "")
        if lockup is not None:
            return f"it locked up: {lockup.strip()} {counter.strip()}".strip()
        name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
        return f"QEMU ended by {name}, saying {' '.join(lines[:2])!r}"

    def _emulate(self, folder: Path) -> tuple[int, str, bool]:
        """Exit code, standard error, and whether time ran out."""
        command = [self.program, "-M", MACHINE, "-display", "none", "-nodefaults"]
        command += ["-chardev", "stdio,id=console,mux=on", "-serial", "chardev:console"]
        command += ["-kernel", str(self.elf.resolve())]
        command += ["-icount", "shift=0"] if self.icount else []
        command += self.plugin.argument(
            out=folder / REPORT_NAME, symbols=folder / SYMBOLS_NAME, **self.options
        )
        errors = folder / "stderr"
        ours, qemus = socket.socketpair()
        if self._calls is None:
            command += ["-semihosting-config", "enable=on,target=native,chardev=console"]
        else:  # QEMU asks its debugger, which we are
            command += ["-semihosting-config", "enable=on,target=gdb", "-S", "-gdb", "chardev:gdb"]
            command += ["-chardev", f"socket,id=gdb,fd={qemus.fileno()}"]
        with ours, qemus, errors.open("wb") as stderr, ExitStack() as undo:
            with self._held():
                process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=stderr,
                    pass_fds=[qemus.fileno()],
                    preexec_fn=partial(_end_with, os.getpid()),
                )
                undo.callback(_ended, process)
            qemus.close()
            late = self._accompany(process, ours)
        return process.returncode, errors.read_text(encoding="utf-8", errors="replace"), late

    def _accompany(self, process: subprocess.Popen[bytes], debugger: socket.socket) -> bool:
        """Serve the emulator until it has ended; whether time ran out."""
        late = not self._forward(process, debugger)
        if late:
            process.terminate()  # the plug-in then reports the region that is under way
        with suppress(subprocess.TimeoutExpired):  # it hangs: stopped by a signal, say
            process.wait(_END_S)
        return late

    def _forward(self, process: subprocess.Popen[bytes], debugger: socket.socket) -> bool:
        """Hand on what the program prints, and answer its calls, until it ends; False when time ran out."""
        assert process.stdout is not None
        output = process.stdout.fileno()
        os.set_blocking(output, False)
        with selectors.DefaultSelector() as selector:
            selector.register(output, selectors.EVENT_READ)
            if self._calls is not None:
                selector.register(debugger, selectors.EVENT_READ)
                _send(debugger, self._calls.begin())
            while (left := self._deadline - time.monotonic()) > 0:
                ready = [key.fileobj for key, _ in selector.select(left)]
                # First what was printed before the call that may have come too.
                if ready and not self._drain(output):
                    return True
                if self._calls is not None and debugger in ready:
                    asked = _receive(debugger)
                    if asked:
                        _send(debugger, self._calls.feed(asked))
                    else:
                        selector.unregister(debugger)
        return False

    def _drain(self, output: int) -> bool:
        """Hand on all that the program has printed so far; False when no more will come."""
        while time.monotonic() < self._deadline:
            try:
                data = os.read(output, _CHUNK)
            except BlockingIOError:
                return True
            if not data:
                return False
            self._hand_on(data)
        return True

    def _hand_on(self, data: bytes) -> None:
        fresh = data[max(0, self._skip - self.said) :]
        self.said += len(data)
        if fresh:
            self._say(fresh)


def _send(debugger: socket.socket, data: bytes) -> None:
    with suppress(ConnectionError):  # it has ended, as its output tells
        debugger.sendall(data)


def _receive(debugger: socket.socket) -> bytes:
    try:
        return debugger.recv(_CHUNK)
    except ConnectionError:
        return b""


def _overflow(line: bytes) -> str:
    begins, ends = json.loads(line)["overflow"]
    return (
        f"its stack, which begins at {begins:#010x}, went below {ends:#010x}, where its memory ends: "
        "an endless recursion, or SP set wrongly"
    )


def _lines(report: Path, errors: str) -> list[bytes]:
    try:
        return report.read_bytes().splitlines()
    except FileNotFoundError:
        told = " ".join(errors.split())[:_ERROR_LENGTH]
        raise ProgramError(
            "the emulator or its timing plug-in did not start", evidence=told or f"no {report.name}"
        ) from None
