"""A session's log holds what was said in its order, and no more than fits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Thread

from hil.logbook import FIRST, LAST, LETTERS_MOST, Logbook

BEGAN = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


def ticking() -> Logbook:
    """Whose lines are a second apart."""
    seconds = iter(range(100_000))
    return Logbook(lambda: BEGAN + timedelta(seconds=next(seconds)))


def test_lines_stand_in_their_order_with_their_times() -> None:
    log = ticking()
    log.say("connected")
    log.say("flashed\n  and\tverified ")
    assert [(line.time, line.text) for line in log.lines()] == [
        (BEGAN, "connected"),
        (BEGAN + timedelta(seconds=1), "flashed and verified"),
    ]


def test_what_is_full_holds_all() -> None:
    log = ticking()
    for number in range(FIRST + LAST):
        log.say(str(number))
    assert [line.text for line in log.lines()] == [str(number) for number in range(FIRST + LAST)]


def test_of_too_many_the_middle_is_counted() -> None:
    log = ticking()
    for number in range(1_500):
        log.say(str(number))
    lines = log.lines()
    assert len(lines) == FIRST + 1 + LAST
    assert [line.text for line in lines[FIRST - 1 : FIRST + 2]] == ["99", "… 1,100 lines left out", "1200"]
    assert lines[-1].text == "1499"
    assert [line.time for line in lines] == sorted(line.time for line in lines)


def test_a_line_is_no_longer_than_anybody_reads() -> None:
    log = Logbook()
    log.say("x" * 2 * LETTERS_MOST)
    (line,) = log.lines()
    assert len(line.text) == LETTERS_MOST
    assert line.text.endswith("x…")


def test_a_password_that_the_cut_would_leave_half_of_is_masked() -> None:
    log = Logbook()
    log.say(f"{'x' * (LETTERS_MOST - 40)} postgresql://lab:secret-{'s' * 80}@host/hil")
    (line,) = log.lines()
    assert "secret" not in line.text
    assert line.text.endswith("postgresql://lab:***@host/hil")


def test_what_threads_say_at_once_is_all_there() -> None:
    log = Logbook()
    threads = [Thread(target=lambda: [log.say("line") for _ in range(50)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(log.lines()) == 200
