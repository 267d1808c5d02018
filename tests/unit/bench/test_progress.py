import io
import os
import pty
from contextlib import nullcontext, suppress

import pytest

from hil.bench.progress import progress_line


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_the_line_is_rewritten_and_ends_complete() -> None:
    out = Terminal()
    with progress_line(out, "qemu digits/q15", nullcontext) as progress:
        for done in range(1, 4):
            progress(done, 3)
    drawn = out.getvalue()
    assert drawn.startswith("\n")
    assert drawn.endswith("/s\n")
    assert drawn.count("\n") == 2
    assert "qemu digits/q15: 3/3 vectors" in drawn.split("\r")[-1]


def test_in_a_log_there_is_one_line_a_session() -> None:
    out = io.StringIO()
    with progress_line(out, "qemu digits/q15", nullcontext) as progress:
        for done in range(1, 301):
            progress(done, 300)
    assert out.getvalue().strip().splitlines() == [out.getvalue().strip()]
    assert "300/300 vectors" in out.getvalue()


def test_a_session_that_ends_early_shows_how_far_it_came() -> None:
    out = io.StringIO()
    try:
        with progress_line(out, "x", nullcontext) as progress:
            progress(2, 9)
            raise RuntimeError
    except RuntimeError:
        pass
    assert "2/9 vectors" in out.getvalue()


def test_a_slow_session_says_seconds_each(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0])
    monkeypatch.setattr("hil.bench.progress.time.monotonic", lambda: next(clock, 31.0))
    out = io.StringIO()
    with progress_line(out, "x", nullcontext) as progress:
        progress(10, 10)
    assert out.getvalue() == "\nx: 10/10 vectors, 31.0 s, 3.1 s each\n"


@pytest.mark.parametrize("live", [False, True])
def test_a_line_that_cannot_be_written_ends_no_session(live: bool) -> None:
    master, slave = pty.openpty()
    out = os.fdopen(slave if live else os.open("/dev/full", os.O_WRONLY), "w")
    assert out.isatty() == live
    with progress_line(out, "x", nullcontext) as progress:
        os.close(master)  # the terminal is hung up
        progress(3, 3)
    with suppress(OSError):
        out.close()
