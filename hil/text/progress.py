"""How far a command is: a line that is rewritten on a terminal, and one now and then elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from hil.escaping import Control, escaped

Progress = Callable[[int, int, str], None]  # the number of the step, of how many, and its name

ERASE = Control("\r\x1b[K")
_LOG_S = 10.0
_TICK_S = 1.0


def silent(number: int, total: int, name: str) -> None:
    """Tells nobody."""


@contextmanager
def steps(out: TextIO, doing: str, log_s: float = _LOG_S) -> Iterator[Progress]:
    """A callback for each step; where ``out`` is no terminal, one line in ``log_s`` seconds at most.

    The terminal's line is erased on leaving.
    """
    live = out.isatty()
    logged = time.monotonic()

    def tell(number: int, total: int, name: str) -> None:
        nonlocal logged
        text = escaped(f"{doing} {number}/{total}: {name}")
        if live:
            out.write(ERASE)
            out.write(text)
        elif time.monotonic() - logged >= log_s:
            logged = time.monotonic()
            out.write(text + "\n")
        out.flush()

    try:
        yield tell
    finally:
        if live:
            out.write(ERASE)
            out.flush()


@contextmanager
def waiting(out: TextIO, doing: str, tick_s: float = _TICK_S) -> Iterator[Callable[[], None]]:
    """Show on a terminal, and nowhere else, how long something has taken; gives what ends it earlier."""
    ended = threading.Event()
    started = time.monotonic()

    def tick() -> None:
        drawn = False
        while not ended.wait(tick_s):
            out.write(ERASE)
            out.write(escaped(f"{doing}, {time.monotonic() - started:.0f} s"))
            out.flush()
            drawn = True
        if drawn:
            out.write(ERASE)
            out.flush()

    ticker = threading.Thread(target=tick, daemon=True)

    def end() -> None:
        ended.set()
        if ticker.is_alive():
            ticker.join()

    if out.isatty():
        ticker.start()
    try:
        yield end
    finally:
        end()


def rate_text(done: int, seconds: float) -> str:
    """How fast: ``127/s``, ``2.5/s``, or below one a second ``3.1 s each``; nothing where nothing is done."""
    if not done:
        return ""
    rate = done / max(seconds, 1e-9)
    if rate < 1:
        return f"{seconds / done:.1f} s each"
    return f"{rate:.0f}/s" if rate >= 10 else f"{rate:.1f}/s"
