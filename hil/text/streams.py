"""The standard streams of a command: output that cannot be written ends it, told in a line."""

from __future__ import annotations

import errno
import io
import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TextIO

from hil.errors import HilError
from hil.escaping import Control, escaped

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class OutputError(HilError):
    """Standard output cannot be written; ``reader_gone`` when its reader has had enough (`hil … | head`)."""

    def __init__(self, error: OSError) -> None:
        super().__init__(f"what it found cannot be written: {error.strerror}")
        self.reader_gone = error.errno == errno.EPIPE


@contextmanager
def standard_streams() -> Iterator[None]:
    """Within it a failed write to standard output is an OutputError, and one to standard error no error.

    A stream that the caller has closed takes no other file's place: what is written to standard output then
    fails too. Streams that a program put in the place of Python's own are left alone.
    """
    out, err = sys.stdout, sys.stderr
    if sys.stdin is None:
        _open_null(os.O_RDONLY)
    if out is sys.__stdout__:
        sys.stdout = _stream(_Output(1 if out else _open_null(os.O_RDONLY), "w", closefd=False), out)
    if err is sys.__stderr__:
        sys.stderr = _stream(_Remarks(2 if err else _open_null(os.O_WRONLY), "w", closefd=False), err)
    try:
        yield
    finally:
        with suppress(OutputError):
            sys.stdout.flush()
        sys.stderr.flush()
        sys.stdout, sys.stderr = out, err


def _open_null(flags: int) -> int:
    """The lowest free number, which is the closed stream's, as a file in which nothing is kept."""
    number = os.open(os.devnull, flags)
    os.set_inheritable(number, True)
    return number


class _Output(io.FileIO):
    """What fails once is told once: the rest of the output is dropped."""

    failed = False

    def write(self, data: ReadableBuffer, /) -> int:
        while not self.failed:
            try:
                written = super().write(data)
            except OSError as error:
                self.failed = True
                raise OutputError(error) from error
            if written is not None:
                return written
            select.select([], [self], [])  # whoever gave the stream made it non-blocking
        return memoryview(data).nbytes


class _Remarks(io.FileIO):
    """Remarks that nobody can read are no reason to stop."""

    def write(self, data: ReadableBuffer, /) -> int:
        with suppress(OSError):
            return super().write(data) or 0
        return memoryview(data).nbytes


class _Text(io.TextIOWrapper):
    """Names and messages of others do not steer the terminal."""

    def write(self, text: str, /) -> int:
        super().write(text if isinstance(text, Control) else escaped(text, lines=True))
        return len(text)


def _stream(raw: io.FileIO, like: TextIO | None) -> io.TextIOWrapper:
    """A text stream on ``raw``, buffered as Python's own was; what its encoding lacks is escaped."""
    unbuffered = isinstance(like, io.TextIOWrapper) and like.write_through
    return _Text(
        io.BufferedWriter(raw),
        encoding=like.encoding if like else "utf-8",
        errors="backslashreplace",
        line_buffering=raw.isatty() or isinstance(raw, _Remarks),
        write_through=unbuffered,
    )
