"""A port of another machine, served as RFC 2217 says by pyserial's own server."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest
import serial
from serial.rfc2217 import PortManager

from hil.errors import LinkError
from hil.link.transport import SerialTransport


class Wire:
    """What the server writes to its client with."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def write(self, data: bytes) -> None:
        self._connection.sendall(data)


def serve(listening: socket.socket) -> None:
    """One client, on a port whose other end sends back what it gets, until it goes."""
    connection, _ = listening.accept()
    with connection, serial.serial_for_url("loop://", timeout=0) as port:
        manager = PortManager(port, Wire(connection))
        while data := connection.recv(1024):
            port.write(b"".join(manager.filter(data)))
            if back := port.read(port.in_waiting):
                connection.sendall(b"".join(manager.escape(back)))


@pytest.fixture
def url() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=(listening,), daemon=True)
        thread.start()
        yield f"rfc2217://127.0.0.1:{listening.getsockname()[1]}"
        thread.join(60)
        assert not thread.is_alive()


def test_bytes_go_both_ways_whatever_they_are(url: str) -> None:
    said = bytes(range(256))
    with SerialTransport(url, 115_200) as transport:
        transport.write(said)
        back = b""
        while len(back) < len(said):
            got = transport.read(60.0)
            assert got
            back += got
        assert back == said
        transport.wake()
        assert transport.read(60.0) == b"\0"


def test_a_server_that_is_not_there_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(LinkError, match=f"cannot open the serial port rfc2217://127.0.0.1:{port}"):
        SerialTransport(f"rfc2217://127.0.0.1:{port}", 115_200)
