"""Frames through a board's RAM by way of its debug probe: no wire but the probe's.

Accesses of a debugger hold the core up where both want the same memory, and nobody may do that to an
inference that is being measured. So bytes go to the board only while it sleeps; while it computes, one block
of three words is looked at, more and more seldom. What it has put is taken when it sleeps, when its ring is
half full, or after half a second.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from hil.errors import DeviceRestartError, HilError, LinkError
from hil.link.rings import MAGIC, NONE, Memory, Rings, Seen

_COUNTS_AT = 16
_COUNTS = struct.Struct("<3I")  # taken, put, waits
_SHORTEST_S, _LONGEST_S = 0.001, 0.05  # between two looks
_PART = 8  # of the time since something happened: so long until the next look
_AGAIN_S = 0.5  # at most between two looks at all words: do the rings stand, has the board woken?


class ProbeTransport:
    """Two rings of bytes in the board's memory, which nobody but the board and this side writes.

    ``wake`` ends the board's sleep. ``write`` never waits: what it is given goes with a later ``read``, as
    soon as the board sleeps. The probe's errors come as they are; DeviceRestartError where firmware started
    again, LinkError where it started without the host's mark.
    """

    name = "probe"
    byte_s = 0.0  # it knows no bytes, and an access takes what it takes

    def __init__(self, memory: Memory, wake: Callable[[], None]) -> None:
        self.bytes_out = 0
        self.bytes_in = 0
        self.returns = 0
        self._memory = memory
        self._wake = wake
        self._rings = Rings(memory, alone=True)
        self._queue = bytearray()
        self._counts = (0, 0, 0)  # the board's, as they were last
        self._changed_at = self._look_at = self._again_at = 0.0
        self._lost = False  # what is on its way to us

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(HilError):  # the probe may be gone, as was told
            self._rings.leave()

    def hang_up(self) -> None:
        """Lose all that is on its way, as if the probe had let go and come back."""
        self._queue.clear()
        self._lost = True
        self._look_at = 0.0
        self.returns += 1

    def write(self, data: bytes) -> None:
        """Send all of it, once the board sleeps."""
        self.bytes_out += len(data)
        self._queue += data
        if self._sleeps():
            self._look_at = 0.0

    def read(self, timeout_s: float) -> bytes:
        """What has arrived, waiting about ``timeout_s`` for the first byte; empty when nothing came."""
        deadline = time.monotonic() + timeout_s
        while True:
            now = time.monotonic()
            if now >= self._look_at and (data := self._exchange(now)):
                self.bytes_in += len(data)
                return data
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                return b""
            time.sleep(max(0.0, min(left_s, self._look_at - time.monotonic())))

    def _exchange(self, now: float) -> bytes:
        """Take what the board has put; give it what is queued, if it sleeps."""
        counts = _COUNTS.unpack(self._memory.read(_COUNTS_AT, _COUNTS.size))
        changed = counts != self._counts
        if changed:
            self._counts, self._changed_at = counts, now
        again = now >= self._again_at
        data, gave = b"", False
        if again or self._lost or self._due(changed=changed):
            self._again_at = now + _AGAIN_S
            data, gave = self._pass(self._checked(self._rings.look()), again=again)
        if data or gave:
            self._changed_at = time.monotonic()
        waited_s = time.monotonic() - self._changed_at
        self._look_at = time.monotonic() + min(max(waited_s / _PART, _SHORTEST_S), _LONGEST_S)
        return data

    def _due(self, *, changed: bool) -> bool:
        """Whether there is something to do for which the board need not be left alone."""
        _, put, waits = self._counts
        if (put - self._rings.taken) % (1 << 32) > self._rings.up // 2:
            return True
        return bool(waits) and (changed or (bool(self._queue) and self._sleeps()))

    def _sleeps(self) -> bool:
        """Whether the board had done all that it was given, and slept, when it was seen last."""
        taken, _, waits = self._counts
        return bool(waits) and taken == self._rings.put

    def _pass(self, seen: Seen, *, again: bool) -> tuple[bytes, bool]:
        """Bytes from the board, and whether it was given some."""
        room = self._rings.room(seen)
        if room is None:
            if self._rings.generation is not None:
                self._wake()  # it makes the rings anew
            return b"", False
        data = self._rings.take(seen)
        if self._lost:
            data, self._lost = b"", False
        taken_all = seen.taken == self._rings.put
        gives = bool(self._queue) and seen.waits and taken_all
        if gives:
            self._rings.fill(bytes(self._queue[:room]))
            del self._queue[:room]
        if data or gives:
            self._rings.tell()
        if gives or (again and (self._queue or not taken_all)):  # a second bell does a busy board no harm
            self._wake()
        return data, gives

    def _checked(self, seen: Seen) -> Seen:
        if seen.magic == NONE and self._rings.generation is None:
            raise LinkError(
                "the firmware started without the host's mark in its memory, and speaks on its serial port",
                evidence="the words before its rings say so",
                remedy="its RAM does not outlive a reset (an option byte may erase it): use its serial port",
            )
        if seen.magic not in (MAGIC, 0) and self._rings.generation is not None:
            raise DeviceRestartError(
                "the firmware started again in the middle of the session",
                evidence=f"its rings are gone: {seen.magic:#010x} stands there",
                remedy="look for a watchdog, a brown-out or a loose cable",
            )
        return seen
