"""A client for QEMU's machine protocol: one JSON object per line over a unix socket."""

from __future__ import annotations

import json
import socket
import struct
import time
from collections import deque
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from hil.beside import readable

DEADLINE_S = 5.0


class QmpError(Exception):
    """QEMU refused a command or answered too late."""


class QmpClosedError(QmpError):
    """QEMU ended, or closed the connection."""


def connect_within(link: socket.socket, path: Path, deadline_s: float) -> None:
    """Connect a unix socket; BlockingIOError when nobody takes the connection until the deadline.

    Python's own timeout would not wait: a unix socket that does not block refuses where a queue is full.
    """
    whole, part = divmod(deadline_s, 1)
    link.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", int(whole), int(part * 1e6)))
    link.connect(str(path))


class QmpClient:
    """One connection, its greeting read and its capabilities negotiated; events are kept until asked for.

    Every call ends within the deadline; after one that did not get its answer, all fail at once.
    """

    def __init__(self, path: Path, *, deadline_s: float | None = None) -> None:
        self._deadline_s = DEADLINE_S if deadline_s is None else deadline_s
        self._buffer = bytearray()
        self._events: deque[str] = deque()
        self._in_step = True
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        try:
            connect_within(self._socket, path, self._deadline_s)
            greeting = self._next_with("QMP")
            version = greeting["QMP"]["version"]["qemu"]
            self.version = f"{version['major']}.{version['minor']}.{version['micro']}"
            self.command("qmp_capabilities")
        except BlockingIOError:
            self._socket.close()
            raise self._silent() from None
        except OSError as error:
            self._socket.close()
            raise QmpClosedError(f"QEMU takes no commands: {error}") from error
        except QmpError:
            self._socket.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connection; QEMU goes on as it was."""
        self._socket.close()

    def command(self, name: str) -> Any:
        """Run one command without arguments and return what it answers."""
        if not self._in_step:
            raise QmpError("an earlier command to QEMU was not answered")
        try:
            self._socket.sendall(json.dumps({"execute": name}).encode() + b"\n")
        except OSError as error:
            raise QmpClosedError(f"QEMU is gone: {error}") from error
        answer = self._next_with("return", "error")
        if "error" in answer:
            raise QmpError(f"QEMU refused {name}: {answer['error'].get('desc')}")
        return answer["return"]

    def wait_event(self, name: str) -> None:
        """Wait until an event has happened, and forget it and all before it."""
        deadline = time.monotonic() + self._deadline_s
        while name not in self._events:
            self._take(self._line(deadline))
        while self._events.popleft() != name:
            pass

    def forget_events(self) -> None:
        """Drop the events that happened so far."""
        self.saw("")
        self._events.clear()

    def saw(self, name: str) -> bool:
        """Whether an event arrived since it was last asked for; never waits."""
        while readable(self._socket, 0):
            self._take(self._line(time.monotonic() + self._deadline_s))
        found = name in self._events
        if found:
            self._events.remove(name)
        return found

    def _take(self, message: dict[str, Any]) -> None:
        if "event" in message:
            self._events.append(message["event"])

    def _next_with(self, *keys: str) -> dict[str, Any]:
        """The next message that has one of these keys; an event may come before the greeting."""
        deadline = time.monotonic() + self._deadline_s
        while True:
            message = self._line(deadline)
            if any(key in message for key in keys):
                return message
            self._take(message)

    def _line(self, deadline: float) -> dict[str, Any]:
        while (end := self._buffer.find(b"\n")) < 0:
            left = deadline - time.monotonic()
            if left <= 0:
                raise self._silent()
            self._socket.settimeout(left)
            try:
                got = self._socket.recv(65536)
            except TimeoutError:
                continue
            except OSError as error:
                raise QmpClosedError(f"QEMU is gone: {error}") from error
            if not got:
                raise QmpClosedError("QEMU is gone")
            self._buffer += got
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        message: dict[str, Any] = json.loads(line)
        return message

    def _silent(self) -> QmpError:
        self._in_step = False  # the answer may still come, and must not be taken for that of the next
        return QmpError(f"QEMU did not answer for {self._deadline_s:g} s")
