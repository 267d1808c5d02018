"""What is shown while something takes long: on a terminal, and in a log."""

from __future__ import annotations

import io
import os
import pty
import re
import select
import time

import pytest

from hil.text.progress import rate_text, steps, waiting


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("done", "seconds", "text"),
    [
        (540, 4.25, "127/s"),
        (25, 10.0, "2.5/s"),
        (20, 20.0, "1.0/s"),
        (10, 31.0, "3.1 s each"),
        (1, 120.04, "120.0 s each"),
        (0, 3.0, ""),
    ],
)
def test_less_than_one_a_second_is_seconds_each(done: int, seconds: float, text: str) -> None:
    assert rate_text(done, seconds) == text


def test_on_a_terminal_each_step_rewrites_the_line_and_nothing_is_left() -> None:
    out = Terminal()
    with steps(out, "counting") as tell:
        tell(1, 2, "a/q15")
        tell(2, 2, "b/q15")
    assert out.getvalue() == "\r\x1b[Kcounting 1/2: a/q15\r\x1b[Kcounting 2/2: b/q15\r\x1b[K"


def test_a_log_gets_a_line_now_and_then() -> None:
    out = io.StringIO()
    with steps(out, "built", log_s=0.0) as tell:
        tell(1, 2, "a/q15")
    with steps(out, "built", log_s=3600.0) as tell:
        tell(2, 2, "b/q15")
    assert out.getvalue() == "built 1/2: a/q15\n"


def test_a_wait_without_steps_shows_its_seconds_until_it_is_ended() -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as out:
        with waiting(out, "x.elf runs", tick_s=0.001) as end:
            shown = read_until(ours, b" s")
            end()
            out.write("output\n")
            out.flush()
            after = read_until(ours, b"output")
        assert re.search(rb"x\.elf runs, \d+ s", shown)
        assert after.split(b"\x1b[K")[-1].startswith(b"output"), "the line is erased before anything else"
    os.close(ours)


def test_a_short_wait_and_a_log_show_nothing() -> None:
    for out in (Terminal(), io.StringIO()):
        with waiting(out, "x.elf runs", tick_s=3600.0):
            pass
        assert out.getvalue() == ""


def read_until(terminal: int, mark: bytes, limit_s: float = 120.0) -> bytes:
    deadline, seen = time.monotonic() + limit_s, b""
    while mark not in seen and (left := deadline - time.monotonic()) > 0:
        if select.select([terminal], [], [], left)[0]:
            seen += os.read(terminal, 1024)
    return seen
