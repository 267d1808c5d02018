"""Frames through memory that host and board both reach; firmware/PROTOCOL.md says how. A UART byte wakes."""

from __future__ import annotations

import struct
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from hil.errors import DeviceHungError
from hil.link.transport import SerialTransport

MAGIC = 0x5249_4E47
NONE = 0x4E4F_4E45
_HOST = 0x484F_5354
_DATA = 64  # where the ring from the host begins, and behind it the one to the host
# magic, generation, down_bytes, up_bytes, down_taken, up_put, waits
_OF_DEVICE = struct.Struct("<7I")
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


@dataclass(frozen=True)
class Seen:
    """What the board's words say: its ``magic``, bytes ``taken`` and ``put``, and whether it ``waits``."""

    magic: int
    taken: int = 0
    put: int = 0
    waits: bool = False


class Rings:
    """The host's side of two rings of bytes, which asks for them; the board makes them when it starts.

    ``alone``: nobody else writes there, and each access costs much: there are as few as can be. Else all of
    the host's words are told each time, and what was read is wiped: no frame is read twice.
    """

    def __init__(self, memory: Memory, *, alone: bool = False) -> None:
        self.generation: int | None = None  # of the rings in use; None: none yet
        self.put = self.taken = 0  # bytes put for the board, and taken from it, modulo 2^32
        self.down = self.up = 0  # bytes of each ring
        self._memory = memory
        self._alone = alone
        memory.write(
            0, _WORD.pack(0)
        )  # what stands is older than we are, and no frame of it may be read again
        if not alone:
            memory.write(_DATA, bytes(memory.size - _DATA))
        memory.write(_HOST_MAGIC, _WORD.pack(_HOST))

    def leave(self) -> None:
        """Ask for no rings at the next start."""
        self._memory.write(_HOST_MAGIC, _WORD.pack(0))

    def look(self) -> Seen:
        """How far the board has got; its ``magic`` is MAGIC where there are rings that can be used.

        Rings of a new generation are empty, and what this side counted for others is forgotten. One firmware
        makes rings of one size: of others, somebody else wrote the sizes, and they are made anew.
        """
        words = _OF_DEVICE.unpack(self._memory.read(0, _OF_DEVICE.size))
        magic, generation, down, up, taken, put, waits = words
        if magic != MAGIC:
            return Seen(magic)
        if self.generation is None:
            if not _fits(down, up, self._memory.size):
                return Seen(0)
            self.down, self.up = down, up
        elif (down, up) != (self.down, self.up):
            self.ask_anew()
            return Seen(0)
        if generation != self.generation:
            self.generation = generation
            self.put = self.taken = 0
            self.tell(new=True)
        return Seen(magic, taken, put, bool(waits))

    def ask_anew(self) -> None:
        """Have the board make its rings anew."""
        self._tell(0, 0)

    def room(self, seen: Seen) -> int | None:
        """Bytes that may be put now; None when there are no rings, or somebody wrote into their counts."""
        if seen.magic != MAGIC:
            return None
        held = (self.put - seen.taken) % _WRAP
        if held > self.down:
            self.ask_anew()
            return None
        return self.down - held

    def fill(self, data: bytes) -> None:
        """Put bytes for which there is room; they count once they are told."""
        at = self.put % self.down
        first = data[: self.down - at]
        for offset, part in ((at, first), (0, data[len(first) :])):
            if part:
                self._memory.write(_DATA + offset, part)
        self.put = (self.put + len(data)) % _WRAP

    def take(self, seen: Seen) -> bytes:
        """What the board has put since; it counts as taken once that is told."""
        if seen.magic != MAGIC:
            return b""
        waiting = (seen.put - self.taken) % _WRAP
        data = b""
        if 0 < waiting <= self.up:
            start, at = _DATA + self.down, self.taken % self.up
            first = min(waiting, self.up - at)
            for offset, count in ((start + at, first), (start, waiting - first)):
                if count:
                    data += self._memory.read(offset, count)
                    if not self._alone:
                        self._memory.write(offset, bytes(count))  # whoever moves a count reads none twice
        self.taken = seen.put  # more than fits is not the board's: go on behind it
        return data

    def tell(self, *, new: bool = False) -> None:
        """This side's counts. Of rings that are ``new`` their generation comes last: it makes them count."""
        generation = self.generation or 0
        if self._alone and not new:
            self._memory.write(_HOST_GENERATION, struct.pack("<3I", generation, self.put, self.taken))
            return
        if not self._alone:  # the board waits when somebody else wrote there
            self._tell(_HOST_MAGIC, _HOST)
        self._tell(_DOWN_PUT, self.put)
        self._tell(_UP_TAKEN, self.taken)
        self._tell(_HOST_GENERATION, generation)

    def _tell(self, offset: int, value: int) -> None:
        self._memory.write(offset, _WORD.pack(value))


class MemoryTransport:
    """Two rings of bytes in the board's memory; ``port`` wakes it, and carries all where it has no rings.

    The firmware decides when it starts: it makes the rings, with a new generation number, or speaks on the
    port. ``name`` tells which, once it has said something.
    """

    def __init__(self, memory: Memory, port: SerialTransport) -> None:
        self._rings = Rings(memory)
        self._port = port
        self._in = self._out = 0
        self._heard = b""  # while there was no room to write

    @property
    def name(self) -> str:
        return "ram" if self._uses_rings else "uart"

    @property
    def byte_s(self) -> float:
        return 0.0 if self._uses_rings else self._port.byte_s

    @property
    def returns(self) -> int:
        return self._port.returns

    @property
    def bytes_out(self) -> int:
        return self._out if self._uses_rings else self._port.bytes_out

    @property
    def bytes_in(self) -> int:
        return self._in if self._uses_rings else self._port.bytes_in

    @property
    def _uses_rings(self) -> bool:
        return self._rings.generation is not None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._rings.leave()
        self._port.__exit__(kind, error, trace)

    def hang_up(self) -> None:
        """Let the port that wakes the board go away."""
        self._port.hang_up()

    def write(self, data: bytes) -> None:
        """Send all of it; DeviceHungError when the board takes nothing."""
        if not self._uses_rings:
            self._port.write(data)
            return
        self._out += len(data)
        started = time.monotonic()
        look_s = _LOOK_S
        left = data
        while left:
            waited_s = time.monotonic() - started
            seen = self._rings.look()
            room = self._rings.room(seen)
            if room is None:
                self._port.wake()  # the board makes rings anew, unless it computes
                if waited_s > _ANEW_S:
                    return  # what was on its way is sent again
                left = data
            elif room:
                now, left = left[:room], left[room:]
                self._rings.fill(now)
                self._rings.tell()
                self._port.wake()
                continue
            elif waited_s > _WRITE_S:
                raise DeviceHungError(
                    f"the board has taken no bytes from its memory for {_WRITE_S:.0f} s",
                    evidence=f"{self._out:,} bytes went out before",
                    remedy="the firmware hangs",
                )
            else:
                self._heard += self._taken(seen)  # it may wait for room, too, and takes nothing before
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
            if said and not self._uses_rings:  # beside rings, what the port says only wakes
                return said
            if left_s <= _LOOK_S:
                return b""

    def _take(self) -> bytes:
        """What has come since the last, and what `write` heard."""
        seen = self._rings.look()
        heard, self._heard = self._heard, b""
        return heard + self._taken(seen) if seen.magic == MAGIC else heard

    def _taken(self, seen: Seen) -> bytes:
        data = self._rings.take(seen)
        self._rings.tell()
        self._in += len(data)
        return data


def _fits(down: int, up: int, size: int) -> bool:
    """Whether rings of so many bytes can be: powers of two within the memory."""
    return all(bytes_ and not bytes_ & (bytes_ - 1) for bytes_ in (down, up)) and _DATA + down + up <= size
