"""The handler for unix:// and the transport above it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import serial

from hil.errors import LinkError
from hil.link.transport import SerialTransport


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(str(tmp_path / "port.sock"))
        listening.listen()
        yield listening


def url_of(listener: socket.socket) -> str:
    return f"unix://{listener.getsockname()}"


def test_bytes_go_both_ways_and_are_counted(listener: socket.socket) -> None:
    with SerialTransport(url_of(listener), 115_200) as transport:
        end, _ = listener.accept()
        with end:
            transport.write(b"out")
            assert end.recv(10) == b"out"
            end.sendall(b"in you come")
            assert transport.read(5.0) == b"in you come"
    assert (transport.bytes_out, transport.bytes_in) == (3, 11)


def test_nothing_comes_back_as_nothing(listener: socket.socket) -> None:
    with SerialTransport(url_of(listener), 115_200) as transport:
        assert transport.read(0.0) == b""


def test_what_arrived_before_the_end_is_not_lost(listener: socket.socket) -> None:
    with SerialTransport(url_of(listener), 115_200) as transport:
        end, _ = listener.accept()
        end.sendall(b"last words")
        end.close()
        assert transport.read(5.0) == b"last words"
        with pytest.raises(LinkError, match="went away"):
            transport.read(5.0)


def test_writing_to_a_closed_port_is_an_error(listener: socket.socket) -> None:
    with SerialTransport(url_of(listener), 115_200) as transport:
        listener.accept()[0].close()
        with pytest.raises(LinkError, match="went away"):
            transport.write(b"hello")


def test_a_port_that_is_not_there_names_it(tmp_path: Path) -> None:
    with pytest.raises(LinkError, match=r"cannot open the serial port unix://.*nowhere\.sock"):
        SerialTransport(f"unix://{tmp_path}/nowhere.sock", 115_200)


@pytest.mark.parametrize(
    "url",
    ["carrier-pigeon://dovecote", "hwgrep://(", "hwgrep://x&n", "hwgrep://x", "loop://?logging=x", "\0"],
)
def test_what_is_no_port_is_an_error(url: str) -> None:
    with pytest.raises(LinkError, match="cannot open"):
        SerialTransport(url, 115_200)


def test_the_handler_reads_as_many_bytes_as_asked_or_until_its_timeout(listener: socket.socket) -> None:
    SerialTransport(url_of(listener), 115_200).__exit__(None, None, None)  # makes the scheme known
    listener.accept()[0].close()
    with serial.serial_for_url(url_of(listener), timeout=0.01) as port:
        end, _ = listener.accept()
        with end:
            end.sendall(b"abcdef")
            assert port.in_waiting == 6
            assert port.read(4) == b"abcd"
            assert port.read(4) == b"ef"
            end.sendall(b"rubbish")
            port.reset_input_buffer()
            assert port.in_waiting == 0
    assert not port.is_open
    with pytest.raises(serial.PortNotOpenError):
        port.read()
