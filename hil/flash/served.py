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
from hil.flash.nursery import NUMBER
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

    def halted(self, number: int) -> bool:
        return self._open[number][0].halted()

    def read_memory(self, number: int, address: int, count: int) -> bytes:
        return self._open[number][0].read_memory(address, count)

    def write_memory(self, number: int, address: int, data: bytes) -> None:
        self._open[number][0].write_memory(address, data)

    def fault_registers(self, number: int) -> dict[str, int]:
        return self._open[number][0].fault_registers()

    def attached(self) -> list[AttachedProbe]:
        return attached_probes()

    def close(self) -> None:
        with ExitStack() as all_of_them:
            for _, stack in self._open.values():
                all_of_them.push(stack)


def nurse(number: int) -> None:
    """Fork a process for each line that comes through the socket of that descriptor, until nobody is there.

    A message is a number: 0 brings a line and a file for what the process says, and is answered with its id;
    any other is the id of one that has ended, and is answered with how.
    """
    with socket.socket(fileno=number) as control:
        while True:
            message, descriptors, _, _ = socket.recv_fds(control, NUMBER.size, 2)
            if not message:
                os._exit(0)
            (pid,) = NUMBER.unpack(message)
            if not descriptors:
                answer = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            else:
                answer = os.fork()
                if answer == 0:
                    break
                for descriptor in descriptors:
                    os.close(descriptor)
            control.sendall(NUMBER.pack(answer))
    line, said = descriptors
    for stream in (1, 2):
        os.dup2(said, stream)
    os.close(said)
    main(line)


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
