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
    """One frame on its way: its place in the order of sending, its size on the wire, what it still owes."""

    order: int
    wire_bytes: int
    owed: set[int] = field(default_factory=set)


class Window:
    """Vectors 0 to ``count - 1``, with at most ``capacity`` bytes on their way unanswered."""

    def __init__(self, count: int, capacity: int) -> None:
        self._capacity = capacity
        self._waiting: deque[int] = deque(range(count))
        self._flights: deque[Flight] = deque()
        self._open = set(range(count))
        self._order = 0

    @property
    def finished(self) -> bool:
        """Whether every vector is answered."""
        return not self._open

    @property
    def idle(self) -> bool:
        """Whether nothing is on its way."""
        return not self._flights

    @property
    def order(self) -> int:
        """The order number of the last frame sent; what a barrier sent now would stand behind."""
        return self._order

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
        """Whether a frame of that size may be sent now; one frame always may when nothing is on its way."""
        used = sum(flight.wire_bytes for flight in self._flights)
        return not self._flights or used + wire_bytes <= self._capacity

    def sent(self, numbers: Iterable[int], wire_bytes: int) -> None:
        """A frame with these vectors, which wait at the front, is on its way."""
        self._order += 1
        owed = set(numbers)
        for _ in range(len(owed)):
            self._waiting.popleft()
        self._flights.append(Flight(self._order, wire_bytes, owed))

    def answered(self, number: int) -> tuple[bool, int]:
        """Note an answer: whether it is the vector's first, and how many others turned out to be lost."""
        fresh = number in self._open
        self._open.discard(number)
        flight = next((f for f in self._flights if number in f.owed), None)
        if flight is None:
            return fresh, 0
        flight.owed.discard(number)
        lost = self.barrier(flight.order - 1)
        if not flight.owed:
            self._flights.remove(flight)
        return fresh, lost

    def barrier(self, order: int) -> int:
        """Everything sent up to ``order`` has been dealt with: what is still owed waits again, first."""
        lost: list[int] = []
        while self._flights and self._flights[0].order <= order:
            lost += sorted(self._flights.popleft().owed & self._open)
        self._waiting.extendleft(reversed(lost))
        return len(lost)
