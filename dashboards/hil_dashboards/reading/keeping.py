"""What takes long to find is found once, however many ask, and kept."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from concurrent.futures import Future
from threading import BoundedSemaphore, Lock, Thread
from typing import Generic, TypeVar

AT_ONCE = 2  # things that are looked for beside those who ask

Found = TypeVar("Found")


class Keeper(Generic[Found]):
    """Keeps the ``most`` things that were asked for last; what could not be found is looked for again."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: dict[Hashable, Future[Found]] = {}
        self._lock = Lock()
        self._room = BoundedSemaphore(AT_ONCE)

    def get(
        self, key: Hashable, find: Callable[[], Found], keeps: Callable[[Found], bool] | None = None
    ) -> Found:
        """What ``find`` gives, or gave for this key; raises what it does. Not all of it is kept, if told."""
        with self._lock:
            future, mine = self._asked(key)
        if mine:
            self._find(key, future, find)
        found = future.result()
        if mine and keeps is not None and not keeps(found):
            self._drop(key, future)
        return found

    def soon(self, key: Hashable, find: Callable[[], Found], patience_s: float) -> Found | None:
        """Likewise, but None where it takes longer: it is looked for on, in a thread of its own.

        While there are as many of those as there may be, it is not looked for yet.
        """
        with self._lock:
            if key not in self._kept and not self._room.acquire(blocking=False):
                return None
            future, mine = self._asked(key)
        if mine:
            self._find_beside(key, future, find)
        try:
            return future.result(timeout=patience_s)
        except TimeoutError:
            return future.result() if future.done() else None

    def forget(self) -> None:
        """Keep nothing of it."""
        with self._lock:
            self._kept.clear()

    def _asked(self, key: Hashable) -> tuple[Future[Found], bool]:
        """What is or will be found, and whether it is to be looked for; for who has the lock."""
        held = self._kept.pop(key, None)
        future = held if held is not None else Future()
        self._kept[key] = future  # the one that was asked for last stands last
        while len(self._kept) > self._most:
            del self._kept[next(iter(self._kept))]
        return future, held is None

    def _find(self, key: Hashable, future: Future[Found], find: Callable[[], Found]) -> None:
        try:
            future.set_result(find())
        except BaseException as error:  # noqa: BLE001  # told by the one who waits for it
            self._drop(key, future)
            future.set_exception(error)

    def _find_beside(self, key: Hashable, future: Future[Found], find: Callable[[], Found]) -> None:
        def found() -> None:
            try:
                self._find(key, future, find)
            finally:
                self._room.release()

        try:
            Thread(target=found, daemon=True).start()
        except RuntimeError:  # the system gives none
            found()

    def _drop(self, key: Hashable, future: Future[Found]) -> None:
        with self._lock:
            if self._kept.get(key) is future:
                del self._kept[key]
