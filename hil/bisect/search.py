"""Which commit to look at next, and which may still be the first bad one: pure, over any history.

Histories fork and join: a good commit clears all that it has in its history, a bad one is to blame itself or
for what it has there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from math import ceil, log2

_MANY = 1 << 20  # times as likely as another


class Search:
    """The commits from a good one, which is not among them, to a ``bad`` one, which is.

    ``parents`` are each commit's within that range, commits before their parents. Mark what is found of them
    with ``good``, ``bad`` and ``skip``, until there is no ``next``; ``left`` is then what remains.
    """

    def __init__(self, parents: Mapping[str, Sequence[str]], bad: str) -> None:
        self._names: list[str] = list(parents)[::-1]  # parents first
        self._places = {name: place for place, name in enumerate(self._names)}
        self._history: list[int] = []  # of each a bit for every commit in its history, and its own
        for place, name in enumerate(self._names):
            held = 1 << place
            for parent in parents[name]:
                held |= self._history[self._places[parent]]
            self._history.append(held)
        self._good: list[int] = []
        self._bad = [self._places[bad]]
        self._skipped: set[int] = set()

    def good(self, name: str) -> None:
        """It is not worse: neither it nor what it has in its history is to blame."""
        self._good.append(self._places[name])

    def bad(self, name: str) -> None:
        """It is worse; that counts unless a commit that has it in its history is good again."""
        self._bad.append(self._places[name])

    def skip(self, name: str) -> None:
        """Nothing can be said of it."""
        self._skipped.add(self._places[name])

    @property
    def left(self) -> list[str]:
        """The commits of which one is the first bad one, newest first."""
        return [self._names[place] for place in reversed(_places(self._left()))]

    @property
    def waiting(self) -> list[str]:
        """Those of them that nothing is known of, newest first."""
        return [self._names[place] for place in reversed(self._waiting(self._left()))]

    def tests(self, idle: Collection[str] = ()) -> int:
        """How many more have to be looked at, at most, where none is skipped; see ``next`` for ``idle``."""
        weight = (self._left() & ~self._mask(idle)).bit_count()
        return ceil(log2(weight)) if weight > 1 else 0

    def next(
        self, idle: Collection[str] = (), likely: Collection[str] = (), tests: int | None = None
    ) -> str | None:
        """The commit that halves what is left best; None when nothing more can be told.

        Those in ``idle`` are no different from a parent, so that they are not the first. Those in ``likely``
        are believed to be, and are cut out first, as long as no more than ``tests`` can be needed after all.
        """
        left = self._left()
        waiting = self._waiting(left)
        if left.bit_count() == 1 or not waiting:
            return None
        counted = left & ~self._mask(idle)
        believed = counted & self._mask(likely)
        most = 2 ** (max(tests, 1) - 1) if tests is not None else len(self._names)

        def merit(place: int) -> tuple[bool, int, int, int]:
            inside = self._history[place] & left
            sizes = [_split(inside, of) for of in (counted, left)]
            halves = [min(size) for size in sizes]
            guess = min(
                one + _MANY * other for one, other in zip(sizes[0], _split(inside, believed), strict=True)
            )
            return max(sizes[0]) <= most, guess, halves[0], halves[1]

        return self._names[max(waiting, key=merit)]

    def _left(self) -> int:
        left = (1 << len(self._names)) - 1
        for place in self._good:
            left &= ~self._history[place]
        for place in self._bad:
            if left >> place & 1:  # else another is to blame, or it was mended
                left &= self._history[place]
        return left

    def _waiting(self, left: int) -> list[int]:
        known = self._skipped.union(self._bad)
        return [place for place in _places(left) if place not in known]

    def _mask(self, names: Collection[str]) -> int:
        return sum(1 << self._places[name] for name in set(names))


def _split(inside: int, whole: int) -> tuple[int, int]:
    """How many of the whole are inside, and how many are not."""
    return (inside & whole).bit_count(), (whole & ~inside).bit_count()


def _places(bits: int) -> list[int]:
    return [place for place in range(bits.bit_length()) if bits >> place & 1]
