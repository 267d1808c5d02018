"""Bytes to and from a board: what a transport is, and the one over any URL that pyserial opens.

``unix:///path.sock`` is such a URL too.
"""

from __future__ import annotations

import contextlib
import termios
import time
from types import TracebackType
from typing import Protocol, Self

import serial

from hil.errors import DeviceHungError, LinkError

_HANDLERS = "hil.link.handlers"
_WRITE_S = 60.0  # with flow control a device takes nothing while it computes
_SLICE_S = 0.02  # a port's own timeout stays what it is: to change it reconfigures some ports
_CHUNK = 4096
_BITS_PER_BYTE = 10  # start and stop bit included


_GONE = (serial.SerialException, OSError, termios.error)  # which of them depends on the port and the moment


class Transport(Protocol):
    """Carries bytes and counts them; a context manager. LinkError tells every failure.

    ``byte_s`` is how long the line takes for a byte, ``name`` what it is: ``uart`` or ``ram``.
    """

    @property
    def bytes_out(self) -> int: ...

    @property
    def bytes_in(self) -> int: ...

    @property
    def name(self) -> str: ...

    @property
    def byte_s(self) -> float: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def write(self, data: bytes) -> None:
        """Send all of it; DeviceHungError when the other end takes nothing."""

    def read(self, timeout_s: float) -> bytes:
        """What has arrived, waiting about ``timeout_s`` for the first byte; empty when nothing came."""

    def hang_up(self) -> None:
        """Let the port go away, as a cable that is pulled does."""


class SerialTransport:
    """A serial port, or what has the face of one."""

    name = "uart"

    def __init__(self, url: str, baudrate: int) -> None:
        self.byte_s = _BITS_PER_BYTE / baudrate
        if _HANDLERS not in serial.protocol_handler_packages:
            serial.protocol_handler_packages.append(_HANDLERS)
        self.url = url
        self.bytes_out = 0
        self.bytes_in = 0
        try:
            self._port = serial.serial_for_url(
                url, baudrate=baudrate, timeout=_SLICE_S, write_timeout=_WRITE_S
            )
            self._port.reset_input_buffer()
        except (*_GONE, ValueError) as error:
            raise LinkError(
                f"cannot open the serial port {url}",
                evidence=str(error),
                remedy="check the lab file's serial, the cable, and that no other program holds the port",
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.hang_up()

    def hang_up(self) -> None:
        """Close the port; whoever reads or writes next finds it gone."""
        with contextlib.suppress(*_GONE):  # a dead port cannot be closed better
            self._port.close()

    def write(self, data: bytes) -> None:
        """Send all of it; DeviceHungError when the other end takes nothing."""
        try:
            self._port.write(data)
        except serial.SerialTimeoutException as error:
            raise DeviceHungError(
                f"the serial port {self.url} has taken no bytes for {_WRITE_S:.0f} s",
                evidence=f"{self.bytes_out:,} bytes went out before",
                remedy="the firmware hangs, or flow control is on and nobody reads",
            ) from error
        except _GONE as error:
            raise self._lost(error) from error
        self.bytes_out += len(data)

    def wake(self) -> None:
        """Send a zero, if it goes at once: where it does not, bytes that wait will wake the other end too."""
        self._port.write_timeout = 0
        try:
            self._port.write(b"\0")
        except serial.SerialTimeoutException:
            return
        except _GONE as error:
            raise self._lost(error) from error
        finally:
            self._port.write_timeout = _WRITE_S

    def read(self, timeout_s: float) -> bytes:
        """What has arrived, waiting about ``timeout_s`` for the first byte; empty when nothing came."""
        deadline = time.monotonic() + timeout_s
        try:
            data: bytes = self._port.read(1) if timeout_s > 0 or self._port.in_waiting else b""
            while not data and time.monotonic() < deadline:
                data = self._port.read(1)
            while data and len(data) < _CHUNK and (waiting := self._port.in_waiting):
                data += self._port.read(min(waiting, _CHUNK))
        except _GONE as error:
            raise self._lost(error) from error
        self.bytes_in += len(data)
        return data

    def _lost(self, error: Exception) -> LinkError:
        return LinkError(
            f"the serial port {self.url} went away",
            evidence=str(error),
            remedy="check the cable and the board's power",
        )
