"""pyserial's handler for ``unix:///path/to.sock``: a serial port behind a unix socket.

pyserial finds it by the module's name once this package stands in ``serial.protocol_handler_packages``.
"""

from __future__ import annotations

import contextlib
import select
import socket
import time
from typing import Any
from urllib.parse import urlsplit

from serial import PortNotOpenError, SerialBase, SerialException, SerialTimeoutException

_CONNECT_S = 5.0


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
        """At least 1 when something can be read at once; a socket does not tell how much."""
        readable, _, _ = select.select([self._open_socket()], [], [], 0)
        return len(readable)

    def read(self, size: int = 1) -> bytes:
        """Up to ``size`` bytes: what is there as soon as anything is, or nothing after the timeout."""
        link = self._open_socket()
        readable, _, _ = select.select([link], [], [], self._timeout)
        if not readable:
            return b""
        try:
            data = link.recv(size)
        except OSError as error:
            raise SerialException(f"read failed: {error}") from error
        if not data:
            raise SerialException("the other end closed the port")
        return data

    def write(self, data: bytes) -> int:
        """Send everything within the write timeout."""
        link = self._open_socket()
        left = memoryview(data)
        deadline = None if self._write_timeout is None else time.monotonic() + self._write_timeout
        while left:
            wait = None if deadline is None else max(0.0, deadline - time.monotonic())
            _, writable, _ = select.select([], [link], [], wait)
            if not writable:
                raise SerialTimeoutException("write timed out")
            try:
                left = left[link.send(left) :]
            except OSError as error:
                raise SerialException(f"write failed: {error}") from error
        return len(data)

    def reset_input_buffer(self) -> None:
        """Throw away what has arrived."""
        link = self._open_socket()
        while self.in_waiting:
            try:
                if not link.recv(4096):
                    raise SerialException("the other end closed the port")
            except OSError as error:
                raise SerialException(f"read failed: {error}") from error

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
