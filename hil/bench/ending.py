"""How a run is ended from outside: Ctrl-C, SIGTERM or a hangup, once, and in order."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

GRACE_S = 10.0  # for storing what was measured and for closing the boards
_HOW = {
    signal.SIGINT: "interrupted by Ctrl-C",
    signal.SIGTERM: "terminated by SIGTERM",
    signal.SIGHUP: "ended by a hangup (SIGHUP)",
}
_UNTOUCHED = (signal.SIG_DFL, signal.default_int_handler)


class Ended(KeyboardInterrupt):
    """A signal that asks the run to end; to pytest it is a Ctrl-C."""


class Ending:
    """Turns the first of these signals into one ``Ended``; later ones wait until the run is put away.

    A signal that somebody ignores (``nohup``, a script's ``&``) or handles is left to them. ``reason`` says
    what ended the run, ``by`` which signal; None while nothing did. Repeated more than ``GRACE_S`` later, a
    signal counts anew: whoever waits for a tear-down that hangs can leave. Once the run is ``over``, the
    first changes nothing: boards are being closed, and the table is printed.
    """

    def __init__(self) -> None:
        self.reason: str | None = None
        self.by: signal.Signals | None = None
        self.over = False
        self._since: float | None = None  # when the last one that counted came
        self._held = 0
        self._waiting = False
        self._taken: list[signal.Signals] = []

    def take(self) -> None:
        """From now on these signals are ours; does nothing outside of the main thread."""
        if threading.current_thread() is not threading.main_thread():
            return
        for number in _HOW:
            if number not in self._taken and signal.getsignal(number) in _UNTOUCHED:
                signal.signal(number, self._on_signal)
                self._taken.append(number)

    def release(self) -> None:
        """Give back what was taken, unless somebody has put their own in its place."""
        for number in self._taken:
            if signal.getsignal(number) == self._on_signal:
                ours = number is not signal.SIGINT
                signal.signal(number, signal.SIG_DFL if ours else signal.default_int_handler)
        self._taken.clear()

    @contextmanager
    def held(self) -> Iterator[None]:
        """A signal that comes inside is raised on leaving: what is being stored is stored whole."""
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1
            if self._waiting and not self._held:
                self._waiting = False
                raise Ended(self.reason)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if self._since is not None and now - self._since < GRACE_S:
            return
        first, self._since = self._since is None, now
        if self.over and first:
            return
        self.by = self.by or signal.Signals(number)
        self.reason = _HOW[self.by]
        if self._held:
            self._waiting = True
        else:
            raise Ended(self.reason)
