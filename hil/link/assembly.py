"""One large vector that travels in fragments: which of its units wait, and which are on their way."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from hil.link.messages import FRAGMENT_UNIT


@dataclass(frozen=True)
class Settled:
    """The sizes on the wire of fragments that arrived, and of those that did not."""

    arrived: tuple[int, ...]
    lost: tuple[int, ...]


class Assembly:
    """The units of vector ``number``, ``size`` bytes long; pure bookkeeping, no bytes and no clock."""

    def __init__(self, number: int, size: int) -> None:
        self.number = number
        self.last_order = 0
        self.repeated = False
        self._units = range(-(-size // FRAGMENT_UNIT))
        self._waiting = set(self._units)
        self._flights: dict[int, tuple[range, int]] = {}  # order number -> units, bytes on the wire

    @property
    def complete(self) -> bool:
        """Whether every unit has arrived or is on its way."""
        return not self._waiting

    def next_run(self, most: int) -> range:
        """Up to ``most`` consecutive units that wait; at least one must."""
        first = min(self._waiting)
        end = first + 1
        while end in self._waiting and end - first < most:
            end += 1
        return range(first, end)

    def sent(self, run: range, order: int, wire_bytes: int) -> None:
        """The units of ``run`` are on their way, in the frame with that order number."""
        self._waiting.difference_update(run)
        self._flights[order] = (run, wire_bytes)
        self.last_order = order

    def settle(self, missing: Collection[int], order: int) -> Settled:
        """When all sent up to ``order`` had been handled, the device lacked ``missing``: it waits again."""
        absent = set(missing)
        arrived: list[int] = []
        lost: list[int] = []
        for sent in [sent for sent in self._flights if sent <= order]:
            run, wire_bytes = self._flights.pop(sent)
            (arrived if absent.isdisjoint(run) else lost).append(wire_bytes)
        for run, _ in self._flights.values():
            absent.difference_update(run)  # sent since
        self._waiting |= absent
        self.repeated |= bool(lost)
        return Settled(tuple(arrived), tuple(lost))

    def restart(self, order: int) -> Settled:
        """When all sent up to ``order`` had been handled, the device had no part of it."""
        return self.settle(self._units, order)
