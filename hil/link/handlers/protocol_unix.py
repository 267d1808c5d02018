"""pyserial's handler for ``unix:///path/to.sock``: a serial port behind a unix socket.

pyserial finds it by the module's name once this package stands in ``serial.protocol_handler_packages``.
"""

from __future__ import annotations

import contextlib
import fcntl
import select
import socket
import struct
import termios
import time
from typing import Any
from urllib.parse import urlsplit

from serial import PortNotOpenError, SerialBase, SerialException, SerialTimeoutException

_CONNECT_S = 5.0
_INT = struct.Struct("i")


def _ready(link: socket.socket, events: int, deadline: float | None) -> bool:
    """Wait until the socket can be read or written, or has failed; False when the deadline passed first."""
    poller = select.poll()  # unlike select, takes any file descriptor
    poller.register(link, events)
    wait_ms = None if deadline is None else max(0.0, deadline - time.monotonic()) * 1000
    return bool(poller.poll(wait_ms))


class Serial(SerialBase):  # type: ignore[misc]  # pyserial has no types
    """A unix socket with the face of a serial port; line settings are accepted and mean nothing."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._socket: socket.socket | None = None
        self.is_open: bool = False
        super().__init__(*args, **kwargs)

    def open(self) -> None:
        """Connect; SerialException when nothing listens there."""
        if self.is_open:
            raise SerialException("port is already open")
        parts = urlsplit(str(self.port))
        link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        link.settimeout(_CONNECT_S)
        try:
            link.connect(parts.path)
        except OSError as error:
            link.close()
            raise SerialException(f"{parts.path}: {error.strerror or error}") from error
        link.setblocking(False)
        self._socket = link
        self.is_open = True

    def close(self) -> None:
        """Disconnect; closing twice is fine."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
            self._socket.close()
            self._socket = None
        self.is_open = False

    @property
    def in_waiting(self) -> int:
        """How many bytes can be read at once."""
        try:
            answer = fcntl.ioctl(self._open_socket(), termios.FIONREAD, bytes(_INT.size))
        except OSError as error:
            raise SerialException(f"read failed: {error}") from error
        return int(_INT.unpack(answer)[0])

    def read(self, size: int = 1) -> bytes:
        """``size`` bytes, or what came of them until the timeout."""
        link = self._open_socket()
        deadline = None if self._timeout is None else time.monotonic() + self._timeout
        data = b""
        while len(data) < size and _ready(link, select.POLLIN, deadline):
            try:
                more = link.recv(size - len(data))
            except OSError as error:
                raise SerialException(f"read failed: {error}") from error
            if not more:
                if data:
                    break  # the next read tells
                raise SerialException("the other end closed the port")
            data += more
        return data

    def write(self, data: bytes) -> int:
        """Send everything within the write timeout."""
        link = self._open_socket()
        left = memoryview(data)
        deadline = None if self._write_timeout is None else time.monotonic() + self._write_timeout
        while left:
            if not _ready(link, select.POLLOUT, deadline):
                raise SerialTimeoutException("write timed out")
            try:
                left = left[link.send(left) :]
            except OSError as error:
                raise SerialException(f"write failed: {error}") from error
        return len(data)

    def reset_input_buffer(self) -> None:
        """Throw away what has arrived."""
        while count := self.in_waiting:
            self.read(count)

    def reset_output_buffer(self) -> None:
        """Nothing is held back here."""

    def _reconfigure_port(self) -> None:
        pass

    def _update_dtr_state(self) -> None:
        pass

    def _update_rts_state(self) -> None:
        pass

    def _update_break_state(self) -> None:
        pass

    def _open_socket(self) -> socket.socket:
        if self._socket is None:
            raise PortNotOpenError
        return self._socket
