"""Bytes to and from a board, over any URL that pyserial opens, and over ``unix:///path.sock``."""

from __future__ import annotations

import contextlib
from types import TracebackType
from typing import Self

import serial

from hil.errors import LinkError

_HANDLERS = "hil.link.handlers"
_WRITE_S = 10.0
_CHUNK = 4096


class Transport:
    """An open port that counts its bytes; a context manager. LinkError tells every failure."""

    def __init__(self, url: str, baudrate: int) -> None:
        if _HANDLERS not in serial.protocol_handler_packages:
            serial.protocol_handler_packages.append(_HANDLERS)
        self.url = url
        self.bytes_out = 0
        self.bytes_in = 0
        try:
            self._port = serial.serial_for_url(url, baudrate=baudrate, timeout=0, write_timeout=_WRITE_S)
            self._port.reset_input_buffer()
        except (serial.SerialException, ValueError) as error:
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
        with contextlib.suppress(serial.SerialException, OSError):  # a dead port cannot be closed better
            self._port.close()

    def write(self, data: bytes) -> None:
        """Send all of it."""
        try:
            self._port.write(data)
        except (serial.SerialException, OSError) as error:
            raise self._lost(error) from error
        self.bytes_out += len(data)

    def read(self, timeout_s: float) -> bytes:
        """What has arrived, waiting up to ``timeout_s`` for the first byte; empty when nothing came."""
        try:
            self._port.timeout = timeout_s
            data: bytes = self._port.read(1)
            if data:
                self._port.timeout = 0
                data += self._port.read(_CHUNK)
        except (serial.SerialException, OSError) as error:
            raise self._lost(error) from error
        self.bytes_in += len(data)
        return data

    def _lost(self, error: Exception) -> LinkError:
        return LinkError(
            f"the serial port {self.url} went away",
            evidence=str(error),
            remedy="check the cable and the board's power",
        )
