"""Frames through memory that host and board both reach; firmware/PROTOCOL.md says how. A UART byte wakes."""

from __future__ import annotations

import struct
import time
from types import TracebackType
from typing import Protocol, Self

from hil.errors import DeviceHungError
from hil.link.transport import SerialTransport

_MAGIC = 0x5249_4E47
_HOST = 0x484F_5354
_DATA = 64  # where the ring from the host begins, and behind it the one to the host
_OF_DEVICE = struct.Struct("<6I")  # magic, generation, down_bytes, up_bytes, down_taken, up_put
_WORD = struct.Struct("<I")
_HOST_MAGIC, _HOST_GENERATION, _DOWN_PUT, _UP_TAKEN = 32, 36, 40, 44
_WRAP = 1 << 32
_WRITE_S = 60.0
_ROOM_S = 0.001
_ANEW_S = 0.1  # for the board to make rings anew
_LOOK_S = 0.05  # between two looks at rings in which somebody else may have written


class Memory(Protocol):
    """Bytes of a board's RAM that the host reads and writes while the board runs, by their offset.

    A word of 4 bytes, aligned, is read and written at once. Nothing that is read can be trusted.
    """

    @property
    def size(self) -> int: ...

    def read(self, offset: int, count: int) -> bytes: ...

    def write(self, offset: int, data: bytes) -> None: ...


class MemoryTransport:
    """Two rings of bytes in the board's memory; ``port`` wakes it, and carries all where it has no rings.

    The firmware decides when it starts: it makes the rings, with a new generation number, or speaks on the
    port. ``name`` tells which, once it has said something.
    """

    def __init__(self, memory: Memory, port: SerialTransport) -> None:
        self._memory = memory
        self._port = port
        self._generation: int | None = None  # of the rings in use; None: none yet, the port is used
        self._down = self._up = 0  # bytes of each ring
        self._put = self._taken = 0  # bytes put for the board, and taken from it, modulo 2^32
        self._in = self._out = 0
        memory.write(
            0, _WORD.pack(0)
        )  # what stands is older than we are, and no frame of it may be read again
        memory.write(_DATA, bytes(memory.size - _DATA))
        memory.write(_HOST_MAGIC, _WORD.pack(_HOST))

    @property
    def name(self) -> str:
        return "uart" if self._generation is None else "ram"

    @property
    def byte_s(self) -> float:
        return self._port.byte_s if self._generation is None else 0.0

    @property
    def returns(self) -> int:
        return self._port.returns

    @property
    def bytes_out(self) -> int:
        return self._port.bytes_out if self._generation is None else self._out

    @property
    def bytes_in(self) -> int:
        return self._port.bytes_in if self._generation is None else self._in

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._memory.write(_HOST_MAGIC, _WORD.pack(0))
        self._port.__exit__(kind, error, trace)

    def hang_up(self) -> None:
        """Let the port that wakes the board go away."""
        self._port.hang_up()

    def write(self, data: bytes) -> None:
        """Send all of it; DeviceHungError when the board takes nothing."""
        if self._generation is None:
            self._port.write(data)
            return
        self._out += len(data)
        started = time.monotonic()
        look_s = _LOOK_S
        left = data
        while left:
            waited_s = time.monotonic() - started
            room = self._room()
            if room is None:
                self._port.wake()  # the board makes rings anew, unless it computes
                if waited_s > _ANEW_S:
                    return  # what was on its way is sent again
                left = data
            elif room:
                now, left = left[:room], left[room:]
                self._fill(now)
                self._port.wake()
                continue
            elif waited_s > _WRITE_S:
                raise DeviceHungError(
                    f"the board has taken no bytes from its memory for {_WRITE_S:.0f} s",
                    evidence=f"{self._out:,} bytes went out before",
                    remedy="the firmware hangs",
                )
            else:
                self._tell_counts()
                if waited_s > look_s:  # it looked while somebody else had written there, and sleeps
                    look_s = waited_s + _LOOK_S
                    self._port.wake()
            time.sleep(_ROOM_S)

    def read(self, timeout_s: float) -> bytes:
        """What has arrived, waiting about ``timeout_s`` for the first byte; empty when nothing came."""
        deadline = time.monotonic() + timeout_s
        while True:
            if data := self._take():
                return data
            left_s = deadline - time.monotonic()
            said = self._port.read(max(0.0, min(left_s, _LOOK_S)))
            if data := self._take():
                return data
            if said and self._generation is None:  # beside rings, what the port says only wakes
                return said
            if left_s <= _LOOK_S:
                return b""

    def _device(self) -> tuple[int, int] | None:
        """How far the board has got: bytes taken and put; None when there are no rings.

        Rings of a new generation are empty, and what this side counted for others is forgotten. One firmware
        makes rings of one size: of others, somebody else wrote the sizes, and they are made anew.
        """
        magic, generation, down, up, taken, put = _OF_DEVICE.unpack(self._memory.read(0, _OF_DEVICE.size))
        if magic != _MAGIC:
            return None
        if self._generation is None:
            if not _fits(down, up, self._memory.size):
                return None
            self._down, self._up = down, up
        elif (down, up) != (self._down, self._up):
            self._tell(0, 0)
            return None
        if generation != self._generation:
            self._generation = generation
            self._put = self._taken = 0
            self._tell_counts()
        return taken, put

    def _room(self) -> int | None:
        """Bytes that may be put now; None when there are no rings, or somebody wrote into their counts."""
        device = self._device()
        if device is None:
            return None
        held = (self._put - device[0]) % _WRAP
        if held > self._down:
            self._tell(0, 0)
            return None
        return self._down - held

    def _fill(self, data: bytes) -> None:
        at = self._put % self._down
        first = data[: self._down - at]
        self._memory.write(_DATA + at, first)
        self._memory.write(_DATA, data[len(first) :])
        self._put = (self._put + len(data)) % _WRAP
        self._tell_counts()

    def _take(self) -> bytes:
        device = self._device()
        if device is None:
            return b""
        waiting = (device[1] - self._taken) % _WRAP
        data = b""
        if 0 < waiting <= self._up:
            start, at = _DATA + self._down, self._taken % self._up
            first = min(waiting, self._up - at)
            for offset, count in ((start + at, first), (start, waiting - first)):
                data += self._memory.read(offset, count)
                self._memory.write(offset, bytes(count))  # whoever moves a count reads no frame twice
        self._taken = device[1]  # more than fits is not the board's: go on behind it
        self._tell_counts()
        self._in += len(data)
        return data

    def _tell_counts(self) -> None:
        """All of them each time: the board waits when somebody else wrote there."""
        self._tell(_DOWN_PUT, self._put)
        self._tell(_UP_TAKEN, self._taken)
        self._tell(_HOST_GENERATION, self._generation or 0)  # last: it makes the others count

    def _tell(self, offset: int, value: int) -> None:
        self._memory.write(offset, _WORD.pack(value))


def _fits(down: int, up: int, size: int) -> bool:
    """Whether rings of so many bytes can be: powers of two within the memory."""
    return all(bytes_ and not bytes_ & (bytes_ - 1) for bytes_ in (down, up)) and _DATA + down + up <= size
