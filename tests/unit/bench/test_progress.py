"""Lines on a terminal that are redrawn in place, as a terminal shows them; and those in a log."""

from __future__ import annotations

import io
import os
import pty
import re
import threading
from contextlib import suppress

import pytest

from hil.bench import progress
from hil.bench.progress import Bar, Lines, cut
from hil.pytest_plugin.screen import Guarded


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(written: str) -> list[str]:
    """What a terminal shows after this: it obeys carriage returns, cursor up, and erasing what is below."""
    lines, row, column = [""], 0, 0
    for part in re.findall(r"\x1b\[\d*[AJ]|[\r\n]|[^\x1b\r\n]+", written):
        if part == "\r":
            column = 0
        elif part == "\n":
            row, column = row + 1, 0
            lines += [""] * (row + 1 - len(lines))
        elif part.endswith("A") and part.startswith("\x1b"):
            row -= int(part[2:-1])
        elif part.endswith("J") and part.startswith("\x1b"):
            lines[row:] = [lines[row][:column]]
        else:
            lines[row] = lines[row][:column].ljust(column) + part + lines[row][column + len(part) :]
            column += len(part)
    return lines


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "REDRAW_S", 0.0)


@pytest.fixture
def terminal() -> Terminal:
    return Terminal()


def test_a_line_for_each_board_is_redrawn_and_a_finished_one_stays(terminal: Terminal) -> None:
    out = Guarded(terminal)
    lines = Lines(out)
    out.write("bench.py ")
    lines.draw(["one: 1/9", "two: 1/9"])
    assert shown(terminal.getvalue()) == ["bench.py ", "one: 1/9", "two: 1/9"]
    lines.draw(["one: 5/9", "two: 2/9"])
    assert shown(terminal.getvalue()) == ["bench.py ", "one: 5/9", "two: 2/9"]
    lines.say("one: 9/9")
    out.write(".")
    lines.draw(["two: 3/9"])
    lines.draw(["two: 4/9", "three: 1/9", "four: 0/9"])
    assert shown(terminal.getvalue())[1:] == ["one: 9/9", ".", "two: 4/9", "three: 1/9", "four: 0/9"]
    lines.say("two: 9/9")
    lines.say("three: 9/9")
    out.write(".")
    assert shown(terminal.getvalue()) == ["bench.py ", "one: 9/9", ".", "two: 9/9", "three: 9/9", "."]


def test_what_was_drawn_can_stay_or_go(terminal: Terminal) -> None:
    lines = Lines(Guarded(terminal))
    lines.draw(["one: 1/9"])
    lines.leave()
    lines.draw(["two: 1/9"])
    lines.erase()
    assert shown(terminal.getvalue()) == ["one: 1/9", ""]


def test_in_a_log_nothing_is_drawn_and_what_is_said_stands_alone() -> None:
    file = io.StringIO()
    out = Guarded(file)
    lines = Lines(out)
    out.write("bench.py ")
    lines.draw(["one: 1/9"])
    lines.say("one: 9/9")
    lines.say("two: 9/9")
    assert file.getvalue() == "bench.py \none: 9/9\ntwo: 9/9\n"


def test_what_another_thread_says_comes_with_the_next_draw() -> None:
    file = io.StringIO()
    lines = Lines(Guarded(file))
    other = threading.Thread(target=lines.say, args=("building",))
    other.start()
    other.join()
    assert file.getvalue() == ""
    lines.draw([])
    assert file.getvalue() == "building\n"


def test_lines_are_cut_to_the_terminal_they_are_redrawn_on() -> None:
    assert cut(["abcdef", "ab"], 9, 4) == ["abcd", "ab"]
    assert cut(["一二三"], 9, 5) == ["一二"]
    assert cut(["a", "b", "c", "d"], 3, 80) == ["a", "b", "and 2 more"]


def test_a_board_shows_that_it_starts_and_then_how_fast_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    times = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: times[0])
    bar = Bar("qemu x/q15")
    times[0] = 101.5
    assert bar.text() == "qemu x/q15: starting, 1.5 s"
    bar.stream()
    times[0] = 111.5
    bar(5, 10)
    assert bar.text() == "qemu x/q15: 5/10 vectors, 10.0 s, 2.0 s each"
    times[0] = 132.5
    bar(10, 10)
    times[0] = 140.0  # its evaluation is no part of it
    assert bar.text() == "qemu x/q15: 10/10 vectors, 31.0 s, 3.1 s each"
    bar.also("energy, 2 to go")
    assert bar.text() == "qemu x/q15: 10/10 vectors, 31.0 s, 3.1 s each, energy, 2 to go"
    bar.also("")
    assert bar.text() == "qemu x/q15: 10/10 vectors, 31.0 s, 3.1 s each"


@pytest.mark.parametrize("live", [False, True])
def test_a_line_that_cannot_be_written_ends_no_session(live: bool) -> None:
    master, slave = pty.openpty()
    file = os.fdopen(slave if live else os.open("/dev/full", os.O_WRONLY), "w")
    lines = Lines(Guarded(file))
    assert lines.live == live
    os.close(master)  # the terminal is hung up
    lines.draw(["one: 1/9"])
    lines.say("one: 9/9")
    lines.leave()
    with suppress(OSError):
        file.close()
