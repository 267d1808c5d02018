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
    """What lies around edges: ``cycles`` from before the first edge to after the last.

    For ``idle`` of them the core still slept, then it ran. ``edges`` are (cycle, level), in order, counted
    from the beginning, which is as long before the first of them as in every other pass: where samples fall
    in it does not depend on how long the board took to read its command, which the host's time decides.
    """

    cycles: int
    edges: tuple[tuple[int, int], ...]
    idle: int = 0


def passes(events: Iterable[Event], margin: int, before: Event | None = None) -> Iterator[Pass]:
    """The edges of one command are a pass, ``margin`` cycles before it and at most as many after it.

    The core sleeps between two commands, or has the next one already: the host's time decides. So another
    begins, too, once a region has ended and the pin rises or a region begins. ``before`` was the last event.
    """
    begun = before.cycles if before is not None else 0
    edges: list[Event] = []
    ended, over = begun, False
    for one in events:
        anew = over and (one.event == BEGINS or (one.event == PIN and one.value == 1))
        if anew or one.event in (SLEEPS, RESETS):
            if edges:
                yield _pass(begun, edges, one.cycles, margin)
            begun, edges, over = one.cycles, [], False
        if one.event == PIN:
            edges.append(one)
        over = over or one.event == ENDS
        ended = one.cycles
    if edges:
        yield _pass(begun, edges, ended, margin)


def _pass(begun: int, edges: list[Event], ended: int, margin: int) -> Pass:
    begin = edges[0].cycles - margin
    end = min(ended, edges[-1].cycles + margin)
    told = tuple((one.cycles - begin, one.value) for one in edges)
    return Pass(end - begin, told, idle=max(begun - begin, 0))
