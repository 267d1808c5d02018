"""Emulators compute in turns, as many at once as there are processors, each on one of its own."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from hil import limits
from hil.bench.progress import Bar

STANDS_S = 1.0  # without a vector answered: it is no reason for others to wait


@dataclass(eq=False)
class Turn:
    """A case on an emulator: it gets ready, waits, computes on a ``processor``, and has computed.

    Whatever it is at, nobody waits for one that has not moved for a second: it may be slow, or hang.
    """

    bar: Bar
    waits: bool = False
    processor: int | None = None
    computed: bool = False

    @property
    def gets_ready(self) -> bool:
        """Whether it will compute soon."""
        return not self.computed and self.processor is None and (self.waits or self._moves)

    @property
    def computes(self) -> bool:
        """Whether it keeps its processor busy."""
        return not self.computed and self.processor is not None and self._moves

    @property
    def _moves(self) -> bool:
        return self.bar.silent_s < STANDS_S


class Turns:
    """Who computes, and who gets ready for when one of them is done; ``changed`` is held by who asks.

    More at once would take as long in all, with their caches and their memory in each other's way.
    """

    def __init__(self, changed: threading.Condition, processors: int | None = None) -> None:
        self._changed = changed
        self._count = processors or limits.processors()
        self._turns: list[Turn] = []

    def room(self) -> bool:
        """Whether another may get ready: as many as may compute."""
        return sum(turn.gets_ready for turn in self._turns) < self._count

    def begin(self, bar: Bar) -> Turn:
        """The turn of one that gets ready now."""
        bar.begin()
        turn = Turn(bar)
        self._turns.append(turn)
        return turn

    def compute(self, turn: Turn, check: Callable[[], None]) -> int:
        """Wait for a processor, which is the turn's until it has computed; returns its number.

        ``check`` raises when there is nothing to wait for any more.
        """
        turn.waits = True
        try:
            while (processor := self._free()) is None:
                self._changed.wait(STANDS_S)
                check()
        finally:
            turn.waits = False
        turn.bar.begin()
        turn.processor = processor
        self._changed.notify_all()  # another may get ready
        return processor

    def computed(self, turn: Turn) -> None:
        """It needs its processor no more; saying so again is fine."""
        if not turn.computed:
            turn.computed = True
            self._turns.remove(turn)
            self._changed.notify_all()

    def _free(self) -> int | None:
        """The processor that fewest emulators compute on; None while each has one."""
        busy = Counter(turn.processor for turn in self._turns if turn.computes)
        number = min(range(self._count), key=lambda one: busy[one])
        return None if busy[number] else number
