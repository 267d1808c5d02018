"""What the emulated board did, as its timing plug-in writes it, in passes that the kit plays.

A record is 24 bytes, little-endian: cycles since the start, instructions since then, an event, its value.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

RECORD = struct.Struct("<QQII")
PIN, BEGINS, ENDS, SLEEPS, RESETS = 1, 2, 3, 4, 5


class Event(NamedTuple):
    """At so many cycles and instructions; ``value`` is the level for the pin."""

    cycles: int
    instructions: int
    event: int
    value: int


class Follower:
    """Reads a timeline that grows; a file that is not there yet is empty."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._file: int | None = None
        self._rest = b""

    def fresh(self) -> list[Event]:
        """What was written since the last time, whole records alone."""
        if self._file is None:
            try:
                self._file = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                return []
        data = self._rest
        while more := os.read(self._file, 1 << 20):
            data += more
        whole = len(data) - len(data) % RECORD.size
        self._rest = data[whole:]
        return [Event(*fields) for fields in RECORD.iter_unpack(data[:whole])]

    def close(self) -> None:
        """Let go of the file, which keeps its room on the disk until then; harmless when it was not read."""
        held, self._file = self._file, None
        if held is not None:
            os.close(held)


@dataclass(frozen=True)
class Pass:
    """The core ran for ``cycles``, from before the first edge to after the last.

    ``edges`` are (cycle, level), in order, counted from its beginning.
    """

    cycles: int
    edges: tuple[tuple[int, int], ...]


def passes(events: Iterable[Event], margin: int, before: Event | None = None) -> Iterator[Pass]:
    """Edges that no sleep parts are a pass, with at most ``margin`` cycles around it; ``before`` was last."""
    begun = before.cycles if before is not None else 0
    edges: list[Event] = []
    ended = begun
    for one in events:
        if one.event in (SLEEPS, RESETS):
            if edges:
                yield _pass(begun, edges, one.cycles, margin)
            begun, edges = one.cycles, []
        elif one.event == PIN:
            edges.append(one)
        ended = one.cycles
    if edges:
        yield _pass(begun, edges, ended, margin)


def _pass(begun: int, edges: list[Event], ended: int, margin: int) -> Pass:
    begin = max(begun, edges[0].cycles - margin)
    end = min(ended, edges[-1].cycles + margin)
    return Pass(end - begin, tuple((one.cycles - begin, one.value) for one in edges))
