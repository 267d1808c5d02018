"""The connection to `pyocd server`, whose end is an error: pyOCD's own waits for ever then."""

from __future__ import annotations

import time
from typing import Any

from pyocd.probe.tcp_client_probe import TCPClientProbe
from pyocd.utility.sockets import ClientSocket

SILENT_S = 60.0  # one request is an access or a block of them, however slow the probe


class _EndingSocket(ClientSocket):  # type: ignore[misc]
    """pyOCD's, but that no reading outlasts the server."""

    _asked_at = 0.0

    def write(self, data: bytes) -> Any:
        self._asked_at = time.monotonic()
        return super().write(data)

    def read(self, packet_size: int | None = None) -> bytes:
        """Some bytes; ConnectionError when there will be no more, TimeoutError when there are none yet."""
        try:
            data: bytes = super().read(packet_size)
        except TimeoutError as error:
            if time.monotonic() - self._asked_at > SILENT_S:
                raise ConnectionAbortedError(f"`pyocd server` has been silent for {SILENT_S:g} s") from error
            raise
        if not data:
            raise ConnectionResetError("`pyocd server` closed the connection")
        return data


def ends_with_its_server(probe: Any) -> None:
    """Let a remote probe that is not open yet fail when its server does; any other stays as it is."""
    if isinstance(probe, TCPClientProbe):
        host, port = probe._socket._address
        probe._socket = _EndingSocket(host, port)
