"""The progress line while vectors stream: rewritten in place on a terminal, one line a session elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import TextIO

from hil.escaping import escaped
from hil.text.progress import ERASE, rate_text

_REDRAW_S = 0.1


@contextmanager
def progress_line(
    out: TextIO, label: str, uncaptured: Callable[[], AbstractContextManager[None]]
) -> Iterator[Callable[[int, int], None]]:
    """A callback (done, total) that draws ``label`` and a bar on ``out``; the line is closed on leaving.

    ``uncaptured`` lets text through pytest's capture for the time of one write. A line that cannot be written
    ends no session.
    """

    def write(text: str) -> None:
        with uncaptured(), suppress(OSError):
            out.write(text)
            out.flush()

    with uncaptured():  # captured, it is a file
        live = out.isatty()
    if live:
        write("\n")
    started = drawn = time.monotonic()
    last = (0, 0)

    def draw(done: int, total: int) -> None:
        nonlocal drawn, last
        last = (done, total)
        now = time.monotonic()
        if live and (done == total or now - drawn >= _REDRAW_S):
            drawn = now
            write(ERASE + _text(label, done, total, now - started))

    try:
        yield draw
    finally:
        done, total = last
        if total:
            write((ERASE if live else "\n") + _text(label, done, total, time.monotonic() - started) + "\n")


def _text(label: str, done: int, total: int, seconds: float) -> str:
    rate = rate_text(done, seconds)
    return f"{escaped(label)}: {done}/{total} vectors, {seconds:.1f} s" + (f", {rate}" if rate else "")
