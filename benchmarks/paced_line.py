"""A serial line with a rate and a round trip, to a board behind a unix socket: bytes come when they would."""

from __future__ import annotations

import select
import socket
import time
from collections import deque
from types import TracebackType
from typing import Self

from hil.link.transport import BITS_PER_BYTE

_PIECE = 16  # bytes that arrive at once, 1.4 ms at 115,200 baud


class _Way:
    """One direction: bytes leave one behind the other, and arrive half a round trip after they have left."""

    def __init__(self, byte_s: float, delay_s: float) -> None:
        self._byte_s = byte_s
        self._delay_s = delay_s
        self._free_at = 0.0
        self._pieces: deque[tuple[float, bytes]] = deque()

    def put(self, data: bytes) -> None:
        self._free_at = max(self._free_at, time.monotonic())
        for at in range(0, len(data), _PIECE):
            piece = data[at : at + _PIECE]
            self._free_at += len(piece) * self._byte_s
            self._pieces.append((self._free_at + self._delay_s, piece))

    def take(self) -> bytes:
        """What has arrived."""
        now = time.monotonic()
        arrived = b""
        while self._pieces and self._pieces[0][0] <= now:
            arrived += self._pieces.popleft()[1]
        return arrived

    def next_at(self, never: float) -> float:
        """When the next bytes arrive."""
        return self._pieces[0][0] if self._pieces else never


class PacedLine:
    """A transport for a Channel; its end on the board's side is the socket of ``url``."""

    name = "uart"
    returns = 0

    def __init__(self, url: str, baudrate: int, round_trip_s: float) -> None:
        self.byte_s = BITS_PER_BYTE / baudrate
        self.bytes_out = 0
        self.bytes_in = 0
        self._out = _Way(self.byte_s, round_trip_s / 2)
        self._in = _Way(self.byte_s, round_trip_s / 2)
        self._board = socket.socket(socket.AF_UNIX)
        self._board.connect(url.removeprefix("unix://"))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.hang_up()

    def hang_up(self) -> None:
        self._board.close()

    def write(self, data: bytes) -> None:
        self.bytes_out += len(data)
        self._out.put(data)
        self._carry()

    def read(self, timeout_s: float) -> bytes:
        deadline = time.monotonic() + timeout_s
        while True:
            self._carry()
            data = self._in.take()
            now = time.monotonic()
            if data or now >= deadline:
                self.bytes_in += len(data)
                return data
            until = min(deadline, self._out.next_at(deadline), self._in.next_at(deadline))
            select.select([self._board], [], [], max(0.0, until - now))

    def _carry(self) -> None:
        """Hand over what has arrived at the board, and take what it has sent."""
        self._board.sendall(self._out.take())
        if select.select([self._board], [], [], 0)[0]:
            self._in.put(self._board.recv(1 << 16))
