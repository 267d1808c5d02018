"""What all threads of a run wait by is never left taken, whenever a signal comes."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator

import pytest

from hil.bench.boards import Boards
from hil.bench.ending import Ended, Ending
from hil.flash.nursery import Nursery


@pytest.fixture
def ending() -> Iterator[Ending]:
    one = Ending()
    one.take()
    yield one
    one.release()


def test_a_signal_raises_once_the_boards_are_let_go(ending: Ending) -> None:
    boards = Boards([], {}, Nursery(), ending.held)
    inside: list[bool] = []

    def interrupted() -> None:
        with boards.held():
            signal.raise_signal(signal.SIGTERM)
            inside.append(True)

    with pytest.raises(Ended):
        interrupted()
    assert inside == [True]
    taken = threading.Event()

    def take() -> None:
        with boards.held():
            taken.set()

    threading.Thread(target=take, daemon=True).start()
    assert taken.wait(60)


def test_another_thread_holds_back_no_signal(ending: Ending) -> None:
    boards = Boards([], {}, Nursery(), ending.held)
    holds, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with boards.held():
            holds.set()
            leave.wait(60)

    thread = threading.Thread(target=hold, daemon=True)
    thread.start()
    assert holds.wait(60)
    with pytest.raises(Ended):
        signal.raise_signal(signal.SIGTERM)
    leave.set()
    thread.join()
