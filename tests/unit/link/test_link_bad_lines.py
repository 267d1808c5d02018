"""Lines that lose much, or carry nothing for long, by a clock of their own: a board in Python, no waiting."""

from __future__ import annotations

import struct
from random import Random
from types import TracebackType
from typing import Self

import numpy as np
import pytest

from hil.link.channel import Channel
from hil.link.frames import Frame, Receiver, encode
from hil.link.link import Link, Result
from hil.link.messages import NO_VECTOR, Type

WINDOW = 2048
OUTPUTS = 3


class Board:
    """A transport to firmware that adds up each vector; between ``dead`` seconds the line carries nothing.

    With a ``seed`` the line turns over a bit in 10,000 and loses a byte in 100, in both directions.
    Bytes take no time, and reading takes as long as it waits. More than the window unanswered, pings apart,
    fails the test.
    """

    name = "uart"
    byte_s = 1e-5
    returns = 0

    def __init__(
        self, dead: tuple[float, float] = (0.0, 0.0), seed: int | None = None, greeting_s: float = 0.0
    ) -> None:
        self.bytes_out = self.bytes_in = 0
        self.now_s = 0.0
        self._dead = dead
        self._greeting_s = greeting_s
        self._ready_s = 0.0
        self._random = None if seed is None else Random(seed)
        self._receiver = Receiver(1024)
        self._answers = encode(Frame(Type.READY, 0, b"\x02\x00"))
        self._unanswered = 0
        self._streams = False
        self._last = NO_VECTOR

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def hang_up(self) -> None: ...

    def clock(self) -> float:
        return self.now_s

    @property
    def _is_dead(self) -> bool:
        return self._dead[0] <= self.now_s < self._dead[1]

    def write(self, data: bytes) -> None:
        self.bytes_out += len(data)
        self._unanswered += len(data) if data[2] != Type.PING else 0
        self._streams |= data[2] == Type.VECTORS
        assert not self._streams or self._unanswered <= WINDOW
        if self._is_dead:
            return
        for frame in self._receiver.feed(self._hurt(data)):
            self._answers += self._hurt(self._answer(frame))

    def read(self, timeout_s: float) -> bytes:
        if not self._answers or self._ready_s > self.now_s + timeout_s:
            self.now_s += timeout_s
            return b""
        self.now_s = max(self.now_s + 0.001, self._ready_s)
        self._unanswered = 0
        data, self._answers = self._answers, b""
        self.bytes_in += len(data)
        return data

    def _hurt(self, data: bytes) -> bytes:
        if self._random is None:
            return data
        kept = bytearray()
        for byte in data:
            if self._random.random() >= 1e-2:
                flipped = self._random.random() < 8e-4
                kept.append(byte ^ (1 << self._random.randrange(8) if flipped else 0))
        return bytes(kept)

    def _answer(self, frame: Frame) -> bytes:
        if frame.type == Type.HELLO:
            self._ready_s = self._ready_s or self.now_s + self._greeting_s  # the first takes that long
            numbers = struct.pack("<4H2I2H", 8, 4, 4, OUTPUTS, 1000, 1000, WINDOW, 1024)
            said = struct.pack("<H16s4B", 2, bytes(16), 2, 2, 2, 1) + numbers + b"\1m\1k"
            return encode(Frame(Type.HELLO_REPLY, 0, said))
        if frame.type == Type.PING:
            said = frame.payload + struct.pack("<3I2H", self._receiver.damaged, self._last, 0, 0, 0)
            return encode(Frame(Type.PONG, 0, said))
        assert frame.type == Type.VECTORS
        first, count = struct.unpack_from("<IB", frame.payload)
        said = struct.pack("<IB", first, count)
        for vector in np.frombuffer(frame.payload, "<i2", offset=8).reshape(count, -1):
            said += struct.pack("<I", 1) + np.full(OUTPUTS, vector.sum(), "<i2").tobytes()
        self._last = first + count - 1
        return encode(Frame(Type.RESULTS, 0, said))


INPUTS = [np.full((4, 8), number, np.int16) for number in range(200)]


def answers(results: list[Result]) -> list[int]:
    return [int(result.output[0]) for result in results]


RIGHT = [32 * number for number in range(200)]


@pytest.mark.parametrize("dead_s", [0.05, 1.0, 9.0, 50.0, 500.0])
def test_a_line_is_taken_up_again_however_long_it_was_dead(dead_s: float) -> None:
    """Before, what was sent in vain filled the window, and nothing more was sent."""
    board = Board((0.005, 0.005 + dead_s))
    with Channel(board, board.clock) as channel:
        link = Link(channel)
        link.handshake(5.0)
        assert answers(link.infer(INPUTS, hang_after_s=2 * dead_s + 3)) == RIGHT
    assert board.now_s < 1.125 * dead_s + 3


def test_no_handshake_fails_in_noise() -> None:
    """A HELLO and its answer of 67 bytes come through once in four times."""
    for seed in range(400):
        board = Board(seed=seed)
        with Channel(board, board.clock) as channel:
            Link(channel).handshake(5.0)


@pytest.mark.parametrize("greeting_s", [0.0, 0.6])
def test_a_session_in_noise_does_not_stand_still(greeting_s: float) -> None:
    """However long the board took to greet: most of the time something is on its way."""
    for seed in range(20):
        board = Board(seed=seed, greeting_s=greeting_s)
        with Channel(board, board.clock) as channel:
            link = Link(channel)
            link.handshake(10.0)
            began = board.now_s
            assert answers(link.infer(INPUTS)) == RIGHT
        assert board.now_s - began < 5.0, f"seed {seed}"
