"""Bytes to and from a board: what a transport is, and the one over any URL that pyserial opens.

``unix:///path.sock`` is such a URL too.
"""

from __future__ import annotations

import contextlib
import re
import termios
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, Self

import serial

from hil.errors import DeviceHungError, LinkError
from hil.link.usb import UsbPorts

_HANDLERS = "hil.link.handlers"
_WRITE_S = 60.0  # with flow control a device takes nothing while it computes
_SLICE_S = 0.02  # a port's own timeout stays what it is: to change it reconfigures some ports
_CHUNK = 4096
_WITHOUT_WRITE_TIMEOUT = "rfc2217://"  # pyserial's client raises when it is given one
BITS_PER_BYTE = 10  # start and stop bit included
_RETRY_S = 0.1
_GONE = (serial.SerialException, OSError, termios.error)  # which of them depends on the port and the moment
_UNOPENED = (*_GONE, ValueError, TypeError, KeyError, re.error)  # the latter where pyserial reads odd URLs


class Transport(Protocol):
    """Carries bytes and counts them; a context manager. LinkError tells every failure.

    ``byte_s`` is how long the line takes for a byte, ``name`` what it is: ``uart``, ``ram`` or ``probe``.
    ``returns`` counts how often the port went away and came back: what was on its way then is lost.
    """

    @property
    def bytes_out(self) -> int: ...

    @property
    def bytes_in(self) -> int: ...

    @property
    def returns(self) -> int: ...

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


class OuterTransport:
    """Around another transport: a subclass writes, reads and counts bytes, all else is the inner one's."""

    def __init__(self, inner: Transport) -> None:
        self._inner = inner

    @property
    def returns(self) -> int:
        return self._inner.returns

    @property
    def name(self) -> str:
        return self._inner.name

    @property
    def byte_s(self) -> float:
        return self._inner.byte_s

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._inner.__exit__(kind, error, trace)

    def hang_up(self) -> None:
        """The port goes away."""
        self._inner.hang_up()


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Reopening:
    """How a port that went away is waited for: for ``within_s`` seconds, unless the board is ``dead``."""

    within_s: float = 30.0
    dead: Callable[[], bool] = _never
    usb: UsbPorts = field(default_factory=UsbPorts)


class SerialTransport:
    """A serial port, or what has the face of one.

    With ``reopening`` one that goes away is opened again: the port of a USB device under whatever name it has
    then, all others under their own. Reads and writes meanwhile wait, and what they carried is lost.
    """

    name = "uart"

    def __init__(self, url: str, baudrate: int, reopening: Reopening | None = None) -> None:
        self.byte_s = BITS_PER_BYTE / baudrate
        if _HANDLERS not in serial.protocol_handler_packages:
            serial.protocol_handler_packages.append(_HANDLERS)
        self.url = url
        self.bytes_out = 0
        self.bytes_in = 0
        self.returns = 0
        self._baudrate = baudrate
        self._write_s = None if url.lower().startswith(_WITHOUT_WRITE_TIMEOUT) else _WRITE_S
        self._reopening = reopening
        self._give_up_at: float | None = None  # since it went away nothing has come yet
        try:
            self._port = self._opened(url)
        except _UNOPENED as error:
            raise LinkError(
                f"cannot open the serial port {url}",
                evidence=str(error),
                remedy="check the lab file's serial, the cable, and that no other program holds the port",
            ) from error
        known = reopening is not None and "://" not in url
        self._device = reopening.usb.device_of(url) if reopening is not None and known else None

    def _opened(self, url: str) -> serial.SerialBase:
        port = serial.serial_for_url(url, self._baudrate, timeout=_SLICE_S, write_timeout=self._write_s)
        port.reset_input_buffer()
        return port

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reopening = None
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
            self._wait_for_return(error)
        self.bytes_out += len(data)

    def wake(self) -> None:
        """Send a zero, if it goes at once: where it does not, bytes that wait will wake the other end too."""
        try:
            if self._write_s is not None:
                self._port.write_timeout = 0
            self._port.write(b"\0")
            self._port.write_timeout = self._write_s
        except serial.SerialTimeoutException:
            self._port.write_timeout = self._write_s
        except _GONE as error:
            self._wait_for_return(error)

    def read(self, timeout_s: float) -> bytes:
        """What has arrived, waiting about ``timeout_s`` for the first byte; empty when nothing came."""
        deadline = time.monotonic() + timeout_s
        data = b""
        try:
            data = self._port.read(1) if timeout_s > 0 or self._port.in_waiting else b""
            while not data and time.monotonic() < deadline:
                data = self._port.read(1)
            while data and len(data) < _CHUNK and (waiting := self._port.in_waiting):
                data += self._port.read(min(waiting, _CHUNK))
        except _GONE as error:
            if not data:  # else the next read finds it gone
                self._wait_for_return(error)
        if data:
            self._give_up_at = None
        self.bytes_in += len(data)
        return data

    def _wait_for_return(self, error: Exception) -> None:
        """Open the port again once it is back; LinkError when it has not said anything in time."""
        self.hang_up()
        reopening = self._reopening
        if reopening is None:
            raise self._lost(str(error)) from error
        if self._give_up_at is None:
            self._give_up_at = time.monotonic() + reopening.within_s
        else:
            time.sleep(_RETRY_S)  # it came back, and went before it said a word
        refused = str(error)
        while time.monotonic() < self._give_up_at and not reopening.dead():
            try:
                self._port = self._opened(self._name_now())
            except _UNOPENED as still:
                refused = str(still)
                time.sleep(_RETRY_S)
            else:
                self.returns += 1
                return
        whom = f"the {self._device}" if self._device is not None else "it"
        raise self._lost(f"{error}; looked for {whom} for {reopening.within_s:g} s: {refused}") from error

    def _name_now(self) -> str:
        if self._device is None or self._reopening is None:
            return self.url
        name = self._reopening.usb.port_of(self._device)
        if name is None:
            raise serial.SerialException("it is not plugged in")
        return name

    def _lost(self, evidence: str) -> LinkError:
        return LinkError(
            f"the serial port {self.url} went away",
            evidence=evidence,
            remedy="check the cable and the board's power",
        )
