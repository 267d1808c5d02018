"""What befell one session, in lines with their times; bounded, so that it can be stored."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from hil.masking import masked

FIRST, LAST = 100, 300  # lines that are kept of a longer one
LETTERS_MOST = 1_000  # of a line


@dataclass(frozen=True)
class LogLine:
    """One thing that happened, and when, in UTC; ``text`` is a single line."""

    time: datetime
    text: str


def _now() -> datetime:
    return datetime.now(UTC)


class Logbook:
    """``say`` adds a line with the present time, from any thread; ``lines`` gives them in that order.

    Of more than fit the first and the last are kept, and a line between them says how many are not.
    """

    def __init__(self, now: Callable[[], datetime] = _now) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._first: list[LogLine] = []
        self._last: deque[LogLine] = deque()
        self._left_out = 0
        self._since: datetime | None = None  # when the first line that was left out was said

    def say(self, text: str) -> None:
        """Add a line; breaks within it become spaces, and what is too long is cut."""
        words = " ".join(text.split())
        if len(words) > LETTERS_MOST:
            words = masked(words)  # nobody sees that half of a password is one
        if len(words) > LETTERS_MOST:
            words = f"{words[: LETTERS_MOST - 1]}…"
        with self._lock:
            line = LogLine(self._now(), words)
            if len(self._first) < FIRST:
                self._first.append(line)
                return
            self._last.append(line)
            if len(self._last) > LAST:
                dropped = self._last.popleft()
                self._left_out += 1
                self._since = self._since or dropped.time

    def lines(self) -> tuple[LogLine, ...]:
        """All that is kept."""
        with self._lock:
            if self._since is None:
                return (*self._first, *self._last)
            return (*self._first, LogLine(self._since, f"… {self._left_out:,} lines left out"), *self._last)
