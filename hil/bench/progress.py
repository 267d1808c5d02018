"""What boards do: a line for each that works, redrawn in place on a terminal, and one when it is done."""

from __future__ import annotations

import shutil
import threading
import time
import unicodedata
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import Protocol

from hil.escaping import escaped
from hil.text.progress import rate_text

REDRAW_S = 0.1


class Bar:
    """How far one case is: called with how many of its vectors are done, of how many."""

    def __init__(self, label: str) -> None:
        self.label = label
        self._beside = ""
        self.done = self.total = 0
        self.begin()

    def begin(self) -> None:
        """It begins now, with flashing."""
        self.started = self._streaming = self._heard = time.monotonic()
        self.done = self.total = 0
        self._beside = ""

    def __call__(self, done: int, total: int) -> None:
        self._heard = time.monotonic()
        self.done, self.total = done, total

    def stream(self) -> None:
        """The image runs: from now on vectors are streamed."""
        self._streaming = time.monotonic()

    def also(self, text: str) -> None:
        """What it does once they are; empty when it does nothing more."""
        self._beside = text

    @property
    def silent_s(self) -> float:
        """How long ago it last got on."""
        return time.monotonic() - self._heard

    @property
    def beside(self) -> str:
        """What ``also`` was told."""
        return self._beside

    @property
    def seconds(self) -> float:
        """How long ago it began."""
        return time.monotonic() - self.started

    @property
    def streaming_s(self) -> float:
        """How long vectors have been streamed; 0 before the first was told of."""
        if not self.total:
            return 0.0
        return (self._heard if self.done == self.total else time.monotonic()) - self._streaming

    def text(self) -> str:
        """As it stands now: how long it has taken, and once vectors are answered, how fast they come."""
        if not self.total:
            return f"{escaped(self.label)}: starting, {time.monotonic() - self.started:.1f} s"
        seconds = self.streaming_s
        rate = rate_text(self.done, seconds)
        text = f"{escaped(self.label)}: {self.done}/{self.total} vectors, {seconds:.1f} s"
        return ", ".join(filter(None, (text, rate, self._beside)))


class Out(Protocol):
    """A terminal, or what stands for one; ``at_line_start`` says whether the cursor is."""

    at_line_start: bool

    def write(self, text: str, /) -> int: ...

    def flush(self) -> None: ...

    def isatty(self) -> bool: ...


class Lines:
    """What is shown while boards work; a text that cannot be written ends no session.

    ``draw`` shows what they do, in lines that it redraws, where there is a terminal; ``say`` leaves a line
    for good. ``uncaptured`` lets text through pytest's capture for the time of one write.
    """

    def __init__(
        self, out: Out, uncaptured: Callable[[], AbstractContextManager[None]] = nullcontext
    ) -> None:
        self._out = out
        self._uncaptured = uncaptured
        self._owner = threading.get_ident()
        self._later: deque[str] = deque()  # what other threads said
        self._drawn = 0  # lines on the screen that are not for good
        self._drawn_at = 0.0
        with uncaptured():  # captured, it is a file
            self.live = out.isatty()

    def draw(self, texts: Sequence[str]) -> None:
        """Show these in the place of what was drawn before, ten times a second at most."""
        while self._later:
            self.say(self._later.popleft())
        now = time.monotonic()
        if not self.live or now - self._drawn_at < REDRAW_S:
            return
        self._drawn_at = now
        size = shutil.get_terminal_size()
        shown = cut(texts, max(1, size.lines - 2), size.columns - 1)
        self._write(self._erasing() + "\n".join(shown))
        self._drawn = len(shown)

    def say(self, text: str) -> None:
        """A line that stays, in the place of what was drawn; from another thread, with the next ``draw``."""
        if threading.get_ident() != self._owner:
            self._later.append(text)
            return
        self._write(self._erasing() + escaped(text) + "\n")

    def leave(self) -> None:
        """What was drawn stays as it is."""
        if self._drawn:
            self._drawn = 0
            self._write("\n")

    def erase(self) -> None:
        """What was drawn goes."""
        if self._drawn:
            self._write(self._erasing())
            self._out.at_line_start = True

    def _erasing(self) -> str:
        """What moves to the first line that was drawn and clears it, or to a new line."""
        drawn, self._drawn = self._drawn, 0
        if drawn:
            return (f"\x1b[{drawn - 1}A" if drawn > 1 else "") + "\r\x1b[J"
        return "" if self._out.at_line_start else "\n"

    def _write(self, text: str) -> None:
        with self._uncaptured(), suppress(OSError):
            self._out.write(text)
            self._out.flush()


def cut(texts: Sequence[str], lines: int, columns: int) -> list[str]:
    """As many of the lines as fit, each no wider than fits: what wraps could not be redrawn."""
    if len(texts) > lines:
        more = len(texts) - lines + 1
        texts = [*texts[: lines - 1], f"and {more} more"]
    return [_clipped(text, columns) for text in texts]


def _clipped(text: str, columns: int) -> str:
    width = 0
    for place, letter in enumerate(text):
        width += 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        if width > columns:
            return text[:place]
    return text
