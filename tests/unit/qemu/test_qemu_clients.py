"""The two protocol clients against a server that says what it was told to, byte by byte."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from pyocd.core import exceptions

from hil.qemu.probe.gdb import GdbClient
from hil.qemu.qmp import QmpClient, QmpClosedError, QmpError

GREETING = {"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}}, "capabilities": []}}


@contextmanager
def _serving(serve: Callable[[socket.socket], None]) -> Iterator[Path]:
    """A unix socket whose first client is served by a function, then hung up on."""
    with TemporaryDirectory(prefix="hil-") as folder, socket.socket(socket.AF_UNIX) as listener:
        path = Path(folder) / "s"
        listener.bind(str(path))
        listener.listen(1)

        def run() -> None:
            client, _ = listener.accept()
            with client:
                serve(client)

        thread = threading.Thread(target=run)
        thread.start()
        yield path
        thread.join(60)
        assert not thread.is_alive()


def _lines(*messages: object) -> bytes:
    return b"".join(json.dumps(message).encode() + b"\r\n" for message in messages)


def _packet(body: bytes) -> bytes:
    return b"+$%b#%02x" % (body, sum(body) & 0xFF)


def test_an_event_may_come_before_the_greeting() -> None:
    def serve(client: socket.socket) -> None:
        client.sendall(_lines({"event": "STOP"}, GREETING))
        client.recv(1000)
        client.sendall(_lines({"return": {}}))
        client.recv(1000)
        client.sendall(_lines({"event": "RESET"}, {"return": {"running": False}}))
        client.recv(1000)

    with _serving(serve) as path, QmpClient(path, deadline_s=60) as qmp:
        assert qmp.version == "7.2.22"
        assert qmp.command("query-status") == {"running": False}
        assert qmp.saw("RESET")
        assert not qmp.saw("RESET")


def test_a_refused_command_is_told() -> None:
    def serve(client: socket.socket) -> None:
        client.sendall(_lines(GREETING))
        client.recv(1000)
        client.sendall(_lines({"return": {}}))
        client.recv(1000)
        client.sendall(_lines({"error": {"class": "CommandNotFound", "desc": "no such thing"}}))
        client.recv(1000)

    with (
        _serving(serve) as path,
        QmpClient(path, deadline_s=60) as qmp,
        pytest.raises(QmpError, match="refused jump: no such thing"),
    ):
        qmp.command("jump")


def test_silence_ends_at_the_deadline() -> None:
    def serve(client: socket.socket) -> None:
        client.recv(1)

    with _serving(serve) as path, pytest.raises(QmpError, match="did not answer"):
        QmpClient(path, deadline_s=0.05)


def test_hanging_up_is_told_apart() -> None:
    with _serving(lambda client: None) as path, pytest.raises(QmpClosedError):
        QmpClient(path, deadline_s=60)


def test_packets_travel_together_and_come_back_in_order() -> None:
    seen = bytearray()

    def serve(client: socket.socket) -> None:
        client.recv(1000)
        client.sendall(_packet(b"l<target/>"))
        while seen.count(b"#") < 3:
            seen.extend(client.recv(10_000))
        client.sendall(b"".join(_packet(bytes([value]).hex().encode() * 2000) for value in (1, 2)))
        client.sendall(_packet(b"03" * 96))
        client.recv(1)

    with _serving(serve) as path:
        gdb = GdbClient(path, deadline_s=60)
        data = gdb.read(0x1000, 4096)
        gdb.close()
    assert data == bytes([1]) * 2000 + bytes([2]) * 2000 + bytes([3]) * 96
    assert seen.startswith(b"$m1000,7d0#")


def test_escapes_are_undone_and_descriptions_put_together() -> None:
    def serve(client: socket.socket) -> None:
        client.recv(1000)
        client.sendall(_packet(b'm<xi:include href="a.xml'))
        client.recv(1000)
        client.sendall(_packet(b'l"/>'))
        client.recv(1000)
        client.sendall(
            _packet(b'l<f><reg name="r0"/><reg name="xpsr" regnum="25"/><reg name="d0"/>}\x03}\x5d</f>')
        )
        client.recv(1)

    with _serving(serve) as path:
        gdb = GdbClient(path, deadline_s=60)
        assert gdb.numbers() == {"r0": 0, "xpsr": 25, "d0": 26}
        gdb.close()


def test_a_damaged_packet_is_refused() -> None:
    def serve(client: socket.socket) -> None:
        client.recv(1000)
        client.sendall(b"$lxyz#00")
        client.recv(1)

    with _serving(serve) as path, pytest.raises(exceptions.ProbeError, match="damaged packet"):
        GdbClient(path, deadline_s=60)


def test_a_refused_read_names_the_address() -> None:
    def serve(client: socket.socket) -> None:
        client.recv(1000)
        client.sendall(_packet(b"l<target/>"))
        client.recv(1000)
        client.sendall(_packet(b"E14"))
        client.recv(1)

    with _serving(serve) as path:
        gdb = GdbClient(path, deadline_s=60)
        with pytest.raises(exceptions.TransferFaultError) as error:
            gdb.read(0x5000_0000, 4)
        gdb.close()
    assert error.value.fault_address == 0x5000_0000


def test_an_acknowledgement_is_not_a_stop() -> None:
    def serve(client: socket.socket) -> None:
        client.recv(1000)
        client.sendall(_packet(b"l<target/>"))
        client.recv(1000)
        client.sendall(b"+")
        client.recv(1000)
        client.sendall(b"$T02thread:01;#%02x" % (sum(b"T02thread:01;") & 0xFF))
        client.recv(1)

    with _serving(serve) as path:
        gdb = GdbClient(path, deadline_s=60)
        gdb.start("c")
        assert gdb.stopped(0.05) is None
        assert gdb.interrupt() == "T02thread:01;"
        gdb.close()


def test_nothing_more_is_asked_after_a_request_was_broken_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its reply may still come, and must not be taken for that of the next."""

    def serve(client: socket.socket) -> None:
        client.recv(1000)
        client.sendall(_packet(b"l<target/>"))
        while client.recv(1000):
            continue

    with _serving(serve) as path:
        gdb = GdbClient(path, deadline_s=60)
        monkeypatch.setattr(gdb, "_deadline_s", 0.05)
        with pytest.raises(exceptions.ProbeError, match="did not answer"):
            gdb.request("g")
        for again in (
            lambda: gdb.request("g"),
            gdb.interrupt,
            lambda: gdb.stopped(1),
            lambda: gdb.start("c"),
        ):
            with pytest.raises(exceptions.ProbeError, match="broken off"):
                again()
        gdb.close()


def test_no_command_follows_one_that_was_not_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    def serve(client: socket.socket) -> None:
        client.sendall(_lines(GREETING))
        client.recv(1000)
        client.sendall(_lines({"return": {}}))
        while client.recv(1000):
            continue

    with _serving(serve) as path, QmpClient(path, deadline_s=60) as qmp:
        monkeypatch.setattr(qmp, "_deadline_s", 0.05)
        with pytest.raises(QmpError, match="did not answer"):
            qmp.command("stop")
        with pytest.raises(QmpError, match="earlier command"):
            qmp.command("query-status")


@pytest.mark.parametrize("client", [QmpClient, GdbClient])
def test_a_queue_that_nobody_serves_is_not_waited_for(client: type[QmpClient] | type[GdbClient]) -> None:
    with TemporaryDirectory(prefix="hil-") as folder, socket.socket(socket.AF_UNIX) as listener:
        path = Path(folder) / "s"
        listener.bind(str(path))
        listener.listen(0)
        with socket.socket(socket.AF_UNIX) as first:
            first.connect(str(path))
            with pytest.raises((QmpError, exceptions.ProbeError), match=r"did not answer for 0\.05 s"):
                client(path, deadline_s=0.05)
