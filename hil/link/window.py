"""Which vectors are waiting, in flight or done: pure bookkeeping, no bytes and no clock.

The device answers frames in the order they arrive. So once something sent later is answered, whatever was
sent before it and is still open has been lost, and waits again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice


@dataclass
class Flight:
    """Bytes on their way: their place in the order of sending, how many, and the vectors they still owe."""

    order: int
    wire_bytes: int
    owed: set[int] = field(default_factory=set)


@dataclass(frozen=True)
class Outcome:
    """What an answer told: whether it was the vector's first, and the sizes of frames done with and lost."""

    fresh: bool = False
    arrived: tuple[int, ...] = ()
    lost: tuple[int, ...] = ()


class Window:
    """Vectors 0 to ``count - 1``, with at most ``capacity`` bytes on their way unanswered.

    ``order`` is the number of the last frame sent; all up to number ``settled`` have been dealt with.
    """

    def __init__(self, count: int, capacity: int) -> None:
        self.capacity = capacity
        self.order = 0
        self.settled = 0
        self._waiting: deque[int] = deque(range(count))
        self._flights: deque[Flight] = deque()
        self._open = set(range(count))
        self._used = 0

    @property
    def finished(self) -> bool:
        """Whether every vector is answered."""
        return not self._open

    def next_waiting(self) -> int | None:
        """The vector to send next, or None when all are done or on their way."""
        while self._waiting and self._waiting[0] not in self._open:
            self._waiting.popleft()
        return self._waiting[0] if self._waiting else None

    def run_of_waiting(self, most: int) -> list[int]:
        """Up to ``most`` consecutive numbers that wait at the front."""
        first = self.next_waiting()
        if first is None:
            return []
        numbers = [first]
        for number in islice(self._waiting, 1, most):
            if number != numbers[-1] + 1 or number not in self._open:
                break
            numbers.append(number)
        return numbers

    def has_room(self, wire_bytes: int) -> bool:
        """Whether so many bytes may be sent now; they always may when nothing is on its way."""
        return not self._flights or self._used + wire_bytes <= self.capacity

    def take(self) -> int:
        """The vector that waits at the front; from now on whoever takes it sees to it."""
        return self._waiting.popleft()

    def sent(self, numbers: Iterable[int], wire_bytes: int) -> int:
        """Bytes with these vectors, which wait at the front, are on their way; returns their order number."""
        self.order += 1
        owed = set(numbers)
        for _ in range(len(owed)):
            self._waiting.popleft()
        self._flights.append(Flight(self.order, wire_bytes, owed))
        self._used += wire_bytes
        return self.order

    def answered(self, number: int) -> Outcome:
        """Note an answer to a vector; frames sent before its own that are still owed wait again."""
        fresh = number in self._open
        self._open.discard(number)
        flight = next((f for f in self._flights if number in f.owed), None)
        if flight is None:
            return Outcome(fresh)
        flight.owed.discard(number)
        lost = self.barrier(flight.order - 1)
        if flight.owed:
            return Outcome(fresh, (), lost)
        self.barrier(flight.order)
        return Outcome(fresh, (flight.wire_bytes,), lost)

    def barrier(self, order: int) -> tuple[int, ...]:
        """Everything sent up to ``order`` has been dealt with: what is still owed waits again, first.

        Returns the sizes of the frames that were lost, or whose answers were.
        """
        again: list[int] = []
        lost: list[int] = []
        while self._flights and self._flights[0].order <= order:
            flight = self._flights.popleft()
            self._used -= flight.wire_bytes
            owed = sorted(flight.owed & self._open)
            if owed:
                lost.append(flight.wire_bytes)
                again += owed
        self._waiting.extendleft(reversed(again))
        self.settled = max(self.settled, order)
        return tuple(lost)
