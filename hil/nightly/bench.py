"""The bench in a process of its own, which may die without the night: its output to the screen and a file."""

from __future__ import annotations

import codecs
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from types import FrameType
from typing import IO, cast

from hil.nightly import witness
from hil.nightly.witness import Failure, failures
from hil.text.streams import OutputError
from hil_db.liveness import birth_of

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_CHUNK = 1 << 16
_AFTERWARDS_S = 5.0  # for what a program that outlives pytest may still hold of its output


@dataclass(frozen=True)
class Ended:
    """How a bench ended: its exit code, or the signal that ended it as a negative number.

    ``pid`` and ``birth`` are what its run is stored with, ``failures`` the tests that failed. ``asked`` is
    the first signal that reached this process meanwhile, and was handed on.
    """

    pid: int
    birth: str | None
    code: int
    failures: Sequence[Failure] = ()
    asked: signal.Signals | None = None


def run(arguments: Sequence[str], log: Path) -> Ended:
    """Run `pytest` with these arguments in the present folder, and wait for its end; ``log`` has its output.

    A signal that asks this process to end is handed on: the bench stores what it measured, and ends.
    OSError when no process or file can be had.
    """
    # -P: as `pytest` does, which imports nothing from the present folder unasked. Dash's plug-in would warn.
    command = [sys.executable, "-P", "-m", "pytest", "-p", "no:dash", "-p", witness.__name__, *arguments]
    seen = log.with_name("failures.jsonl").absolute()
    with log.open("wb") as file, _handing_on() as asked:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, witness.VARIABLE: str(seen)},
        )
        asked.process = process
        birth = birth_of(process.pid)
        copier = threading.Thread(
            target=_copy, args=(cast(BufferedReader, process.stdout), file), daemon=True
        )
        copier.start()
        code = process.wait()
        copier.join(_AFTERWARDS_S)
    failed = failures(seen)
    seen.unlink(missing_ok=True)
    return Ended(process.pid, birth, code, failed, asked.first)


def _copy(source: BufferedReader, file: IO[bytes]) -> None:
    """To the file all of it, to the screen as long as somebody looks."""
    watched = True
    text = codecs.getincrementaldecoder("utf-8")("replace")
    with suppress(ValueError):  # the file was closed: whoever still writes is no part of the bench
        while chunk := source.read1(_CHUNK):
            file.write(chunk)
            file.flush()
            if watched:
                watched = _show(text.decode(chunk))


def _show(text: str) -> bool:
    """Whether somebody looks: a screen that is gone ends no bench."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except (OutputError, OSError, ValueError):
        return False
    return True


class _Asked:
    first: signal.Signals | None = None
    process: subprocess.Popen[bytes] | None = None


@contextmanager
def _handing_on() -> Iterator[_Asked]:
    """Within it signals that ask for an end go to the process; those that somebody ignores stay ignored."""
    asked = _Asked()

    def hand_on(number: int, _: FrameType | None) -> None:
        asked.first = asked.first or signal.Signals(number)
        if asked.process is not None:
            asked.process.send_signal(number)

    before = {
        number: signal.signal(number, hand_on)
        for number in _SIGNALS
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
