"""Cables between a host and a device's unix socket, that can be pulled and plugged in again."""

from __future__ import annotations

import os
import pty
import select
import socket
import threading
import tty
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, Self


class End(Protocol):
    """The host's end of a cable: ``url`` opens it while it is plugged in."""

    @property
    def url(self) -> str: ...

    def plug(self) -> None: ...

    def open(self) -> int:
        """A descriptor of the host's bytes; waits until the host is there."""

    def pull(self) -> None: ...

    def close(self) -> None:
        """Nobody plugs it in again."""


class PtyEnd:
    """A terminal; ``name`` says what links to it, each time it is plugged in, ``gone`` removes that."""

    def __init__(self, name: Callable[[], Path], gone: Callable[[Path], None] = Path.unlink) -> None:
        self._name = name
        self._gone = gone
        self._path = Path()
        self._ends: tuple[int, ...] = ()

    @property
    def url(self) -> str:
        return str(self._path)

    def plug(self) -> None:
        self._ends = pty.openpty()
        tty.setraw(self._ends[1])
        self._path = self._name()
        self._path.symlink_to(os.ttyname(self._ends[1]))

    def open(self) -> int:
        return os.dup(self._ends[0])

    def pull(self) -> None:
        self._gone(self._path)
        for end in self._ends:
            os.close(end)

    def close(self) -> None:
        """Nothing is left."""


def _bound(address: object, family: int = socket.AF_INET) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    if family == socket.AF_INET:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    made.bind(address)  # type: ignore[arg-type]
    return made


class SocketEnd:
    """A listening socket, which listens no more while it is pulled; ``path`` of a unix one, else TCP."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._address: object = str(path) if path is not None else ("127.0.0.1", 0)
        self._listener: socket.socket | None = None
        self._kept: socket.socket | None = None  # never listens: while pulled, the port is nobody else's

    @property
    def url(self) -> str:
        if self._path is not None:
            return f"unix://{self._path}"
        assert isinstance(self._address, tuple)
        return f"socket://127.0.0.1:{self._address[1]}"

    def plug(self) -> None:
        family = socket.AF_INET if self._path is None else socket.AF_UNIX
        if family == socket.AF_INET and self._kept is None:
            self._kept = _bound(self._address)
            self._address = self._kept.getsockname()
        self._listener = _bound(self._address, family)
        self._listener.listen()

    def open(self) -> int:
        assert self._listener is not None
        return self._listener.accept()[0].detach()

    def pull(self) -> None:
        assert self._listener is not None
        self._listener.close()
        if self._path is not None:
            self._path.unlink()

    def close(self) -> None:
        """The port may be anybody's."""
        if self._kept is not None:
            self._kept.close()


class Cable:
    """Carries bytes between an end and a device's unix socket; plugged in on entry, unless it is already.

    The device never notices that the cable is pulled. ``renew`` connects to it anew when next plugged in.
    """

    def __init__(self, end: End, device_url: str) -> None:
        self._end = end
        self._device_path = device_url.removeprefix("unix://")
        self._device: socket.socket | None = None
        self._stop: tuple[int, int] | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        return self._end.url

    def __enter__(self) -> Self:
        self.plug()
        return self

    def __exit__(self, *_: object) -> None:
        if self._thread is not None:
            self.pull()
        if self._device is not None:
            self._device.close()
        self._end.close()

    def plug(self) -> None:
        """Connect, and carry bytes from now on."""
        if self._device is None:
            self._device = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self._device.connect(self._device_path)
        self._end.plug()
        self._stop = os.pipe()
        self._thread = threading.Thread(target=self._carry, args=(self._device, self._stop[0]))
        self._thread.start()

    def pull(self) -> None:
        """Carry no more; what is on its way is lost."""
        assert self._stop is not None
        assert self._thread is not None
        os.close(self._stop[1])
        self._unblock()
        self._thread.join()
        self._thread = None
        os.close(self._stop[0])
        self._end.pull()

    def say(self, data: bytes) -> None:
        """Another program's bytes reach the device."""
        assert self._device is not None
        self._device.sendall(data)

    def renew(self) -> None:
        """Another device listens there now; call it while the cable is pulled."""
        assert self._device is not None
        self._device.close()
        self._device = None

    def _unblock(self) -> None:
        """The thread may still wait for a host to come."""
        if isinstance(self._end, SocketEnd):
            path = self._end.url.partition("://")[2]
            tcp = self._end.url.startswith("socket")
            with socket.socket(socket.AF_INET if tcp else socket.AF_UNIX, socket.SOCK_STREAM) as visitor:
                visitor.connect(("127.0.0.1", int(path.rpartition(":")[2])) if tcp else path)

    def _carry(self, device: socket.socket, stop: int) -> None:
        host = self._end.open()
        try:
            while True:
                ready = select.select([stop, host, device], [], [])[0]
                if stop in ready:
                    return
                if host in ready and not self._move(lambda: os.read(host, 4096), device.sendall):
                    return
                if device in ready:
                    data = device.recv(4096)
                    if not data:
                        return
                    self._move(lambda data=data: data, lambda data: os.write(host, data))
        finally:
            os.close(host)

    @staticmethod
    def _move(read: Callable[[], bytes], write: Callable[[bytes], object]) -> bool:
        """False when the host has gone."""
        try:
            data = read()
            if data:
                write(data)
        except OSError:
            return False
        return bool(data)
