"""The terminal, past pytest's capture, for what is shown while a test runs; and when it cannot be written."""

from __future__ import annotations

import errno
import io
import os
import sys
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING, Any, TextIO

import pytest

if TYPE_CHECKING:
    from hil.bench.progress import Lines

_GUARD = pytest.StashKey["Guarded"]()


def encoding() -> str:
    """That of the terminal."""
    return (sys.__stdout__.encoding if sys.__stdout__ is not None else None) or "utf-8"


def open_closed_streams() -> None:
    """Streams that the caller has closed become ones that keep nothing: pytest cannot do without."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, f"__{name}__") is None:
            null = os.open(os.devnull, os.O_RDWR)
            if null != number:
                os.dup2(null, number)
                os.close(null)
            stream = open(number, "r+" if number == 0 else "w", encoding="utf-8", closefd=False)  # noqa: SIM115
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)


class Guarded:
    """A stream whose failure is told in a line on standard error, once: a run goes on without it.

    ``failed`` says whether it did; a reader that has gone (`pytest … | head`) is no failure.
    ``at_line_start`` says whether the cursor is.
    """

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._lost = False
        self.failed = False
        self.at_line_start = True
        if isinstance(out, io.TextIOWrapper):
            out.reconfigure(errors="backslashreplace")  # what its encoding lacks is no reason to end

    def __getattr__(self, name: str) -> Any:
        return getattr(self._out, name)

    def write(self, text: str) -> int:
        """As the stream does, whole at once: what waits in a buffer would fail later, where nobody tells."""
        self.at_line_start = text.endswith("\n") if text else self.at_line_start
        if not self._lost:
            try:
                self._out.write(text)
                self._out.flush()
            except OSError as error:
                self._give_up(error)
        return len(text)

    def flush(self) -> None:
        """Nothing is left to do."""

    def _give_up(self, error: OSError) -> None:
        self._lost = True
        self.failed = error.errno != errno.EPIPE
        self._empty()
        if self.failed:
            told = f"hil: what pytest prints cannot be written: {error.strerror}; the run goes on\n"
            with suppress(OSError, AttributeError):  # nor can that
                os.write(sys.__stderr__.fileno(), told.encode())  # type: ignore[union-attr]

    def _empty(self) -> None:
        """What its buffer still holds would fail again as Python ends: it goes where nothing is kept."""
        with suppress(OSError, ValueError):
            number = self._out.fileno()
            held, null = os.dup(number), os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, number)
            self._out.flush()
            os.dup2(held, number)
            os.close(held)
            os.close(null)


def guard(config: pytest.Config) -> None:
    """Let pytest's terminal be Guarded from here on."""
    if config.pluginmanager.hasplugin("terminalreporter"):
        writer = config.get_terminal_writer()
        config.stash[_GUARD] = Guarded(writer._file)
        writer._file = config.stash[_GUARD]


def has_failed(config: pytest.Config) -> bool:
    """Whether the terminal could not be written."""
    guarded = config.stash.get(_GUARD, None)
    return guarded is not None and guarded.failed


def lines_of(config: pytest.Config) -> Lines:
    """What is shown beside pytest's own output."""
    from hil.bench.progress import Lines

    plain = sys.__stdout__ if sys.__stdout__ is not None else sys.stdout
    out = config.stash.get(_GUARD, None) or Guarded(plain)
    capture = config.pluginmanager.getplugin("capturemanager")
    return Lines(out, nullcontext if capture is None else capture.global_and_fixture_disabled)
