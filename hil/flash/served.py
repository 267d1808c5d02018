"""The other end of ``hil.flash.process``: does with pyOCD what it is asked, until nobody asks."""

from __future__ import annotations

import itertools
import logging
import os
import pickle
import socket
import sys
from contextlib import ExitStack
from io import BufferedRWPair
from pathlib import Path

from hil.errors import HilError
from hil.flash.base import AttachedProbe, FlashReport
from hil.flash.pyocd import PyOcdFlasher, attached_probes


class _Said(logging.Handler):
    """What was logged since the last answer."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[tuple[str, int, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append((record.name, record.levelno, record.getMessage()))


class _Calls:
    """What can be asked for; each method is one call."""

    def __init__(self) -> None:
        self._numbers = itertools.count()
        self._open: dict[int, tuple[PyOcdFlasher, ExitStack]] = {}

    def connect(self, unique_id: str, target: str, options: dict[str, object]) -> int:
        stack = ExitStack()
        flasher = stack.enter_context(PyOcdFlasher(unique_id, target, options=options))
        number = next(self._numbers)
        self._open[number] = (flasher, stack)
        return number

    def release(self, number: int) -> None:
        _, stack = self._open.pop(number)
        stack.close()

    def program(self, number: int, image_path: Path) -> FlashReport:
        return self._open[number][0].program(image_path)

    def reset_and_run(self, number: int) -> None:
        self._open[number][0].reset_and_run()

    def halt(self, number: int) -> None:
        self._open[number][0].halt()

    def fault_registers(self, number: int) -> dict[str, int]:
        return self._open[number][0].fault_registers()

    def attached(self) -> list[AttachedProbe]:
        return attached_probes()

    def close(self) -> None:
        with ExitStack() as all_of_them:
            for _, stack in self._open.values():
                all_of_them.push(stack)


def main(number: int) -> None:
    """Serve the socket of that descriptor until its other end is closed; then let all probes go."""
    with socket.socket(fileno=number) as connection, connection.makefile("rwb") as line:
        calls = _Calls()
        try:
            serve(calls, line)
        finally:
            calls.close()
    sys.stderr.flush()
    os._exit(0)  # taking pyOCD apart object by object would take longer than the rest


def serve(calls: object, line: BufferedRWPair) -> None:
    """Answer each question with a call's value or its refusal, and with what was logged, until none comes."""
    said = _Said()
    logging.root.addHandler(said)
    while True:
        try:
            level, call, given = pickle.load(line)
        except (EOFError, OSError):
            return
        logging.root.setLevel(level)
        refused: HilError | None = None
        value: object = None
        try:
            value = getattr(calls, call)(*given)
        except HilError as error:
            refused = error
        try:
            pickle.dump((refused, value, said.records), line)
            line.flush()
        except OSError:  # nobody waits for it any more
            return
        said.records.clear()
