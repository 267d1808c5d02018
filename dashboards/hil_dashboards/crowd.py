"""Pages while many ask at once: those who ask for the same are given the same, for a moment."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import BoundedSemaphore, Lock

MANY = 3  # pages that are made at once; one person asks for no more
PATIENT = 2  # who wait for a comparison at once: others' pages need the server's threads
KEPT_S = 2.0
KEPT_CHARACTERS = 32 << 20


@dataclass
class _Page:
    """What was made last of a page, and since when it holds; ``making``: by who has it."""

    making: Lock = field(default_factory=Lock)
    text: str | None = None
    begun: float = 0.0


class Crowd:
    """Makes pages anew, but for askers among many: those are given what is at most two seconds old.

    Fifty people who look at one night's results would otherwise each wait for all others' pages.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._asking = 0
        self._room = BoundedSemaphore(PATIENT)
        self._pages: OrderedDict[Hashable, _Page] = OrderedDict()

    def page(self, key: Hashable, make: Callable[[], str]) -> str:
        """What ``make`` gives, or gave for this key a moment ago; raises what it does."""
        with self._counted() as crowded:
            page = self._page_of(key)
            if not crowded:
                return self._made(page, make)
            with page.making:
                if page.text is not None and self._clock() - page.begun <= KEPT_S:
                    return page.text
                return self._made(page, make)

    @contextmanager
    def patient(self, waits: bool) -> Iterator[bool]:
        """Whether who asks may wait as long as a comparison takes; not, if as many do as may."""
        may = waits and self._room.acquire(blocking=False)
        try:
            yield may
        finally:
            if may:
                self._room.release()

    def forget(self) -> None:
        """Give nothing again that was begun until now: somebody decided something."""
        with self._lock:
            self._pages.clear()

    @contextmanager
    def _counted(self) -> Iterator[bool]:
        with self._lock:
            self._asking += 1
            crowded = self._asking > MANY
        try:
            yield crowded
        finally:
            with self._lock:
                self._asking -= 1

    def _page_of(self, key: Hashable) -> _Page:
        with self._lock:
            page = self._pages.setdefault(key, _Page())
            self._pages.move_to_end(key)
            held = sum(len(one.text or "") for one in self._pages.values())
            while len(self._pages) > 1 and (held > KEPT_CHARACTERS or len(self._pages) > 100):
                _, gone = self._pages.popitem(last=False)
                held -= len(gone.text or "")
            return page

    def _made(self, page: _Page, make: Callable[[], str]) -> str:
        begun = self._clock()
        text = make()
        with self._lock:
            if begun >= page.begun:
                page.text, page.begun = text, begun
        return text
