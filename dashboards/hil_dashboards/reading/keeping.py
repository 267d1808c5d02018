"""What takes long to find is found once, however many ask, and kept."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from concurrent.futures import Future
from threading import Lock, Thread
from typing import Generic, TypeVar

Found = TypeVar("Found")


class Keeper(Generic[Found]):
    """Keeps the ``most`` things that were asked for last; what could not be found is looked for again."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: dict[Hashable, Future[Found]] = {}
        self._lock = Lock()

    def get(
        self, key: Hashable, find: Callable[[], Found], keeps: Callable[[Found], bool] | None = None
    ) -> Found:
        """What ``find`` gives, or gave for this key; raises what it does. Not all of it is kept, if told."""
        future, mine = self._future(key)
        if mine:
            self._find(key, future, find)
        found = future.result()
        if mine and keeps is not None and not keeps(found):
            self._drop(key, future)
        return found

    def soon(self, key: Hashable, find: Callable[[], Found], patience_s: float) -> Found | None:
        """Likewise, but None where it takes longer: it is looked for on, in a thread of its own."""
        future, mine = self._future(key)
        if mine:
            Thread(target=self._find, args=(key, future, find), daemon=True).start()
        try:
            return future.result(timeout=patience_s)
        except TimeoutError:
            return future.result() if future.done() else None

    def forget(self) -> None:
        """Keep nothing of it."""
        with self._lock:
            self._kept.clear()

    def _future(self, key: Hashable) -> tuple[Future[Found], bool]:
        with self._lock:
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

    def _drop(self, key: Hashable, future: Future[Found]) -> None:
        with self._lock:
            if self._kept.get(key) is future:
                del self._kept[key]
