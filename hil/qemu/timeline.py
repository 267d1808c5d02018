"""What an emulated board did and when, as its timing plug-in writes it: spans of the last repeat.

The format is hil/power/emulated/timeline.py's, whose kit plays the same file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from hil.errors import ProbeError
from hil.kinds import Kind
from hil.power.emulated.timeline import BEGINS, ENDS, PIN, Event, Follower

TIMELINE_NAME = "timeline.bin"


@dataclass(frozen=True)
class Span:
    """Between two edges of the sync pin."""

    cycles: int
    instructions: int


class Timeline:
    """An emulated board's file; one that is not there yet is empty."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._follower = Follower(str(path))
        self._repeat: tuple[Event, ...] = ()
        self._open: list[Event] | None = None

    def close(self) -> None:
        """Let go of the file."""
        self._follower.close()

    def spans(self) -> list[Span]:
        """Those of the repeat that ended last: a region with edges in it."""
        for one in self._follower.fresh():
            if one.event == BEGINS:
                self._open = []
            elif one.event == PIN and self._open is not None:
                self._open.append(one)
            elif one.event == ENDS:
                if self._open is not None and len(self._open) > 1:
                    self._repeat = tuple(self._open)
                self._open = None
        edges = self._repeat
        return [
            Span(end.cycles - begin.cycles, end.instructions - begin.instructions)
            for begin, end in pairwise(edges)
        ]

    def spans_s(self, ticks: Sequence[int], kind: Kind) -> list[float]:
        """The seconds of the last repeat's spans at the kind's clock, of what its own counter made ``ticks``.

        ProbeError unless the counter, which counts instructions here, and the plug-in saw the same.
        """
        spans, counter = self.spans()[: len(ticks)], kind.counter
        apart = counter.per_tick + counter.reading
        counted = [one * counter.per_tick for one in ticks]
        seen = [one.instructions for one in spans]
        if (
            not seen
            or len(seen) != len(counted)
            or any(abs(one - other) > apart for one, other in zip(seen, counted, strict=True))
        ):
            raise ProbeError(
                "the timing plug-in saw other spans than the board counted",
                evidence=f"instructions {_told(seen)}; counted {_told(counted)}, to {apart:g}",
                remedy="run it again; see that the disk is not full",
            )
        return [one.cycles / kind.clock_hz for one in spans]


def _told(numbers: Sequence[float]) -> str:
    return ", ".join(f"{one:,.0f}" for one in numbers[:5]) + (", …" if len(numbers) > 5 else "") or "none"
