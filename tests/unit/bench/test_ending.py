"""Signals that end a run: taken once, held while something is stored, left alone where somebody has them."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator

import pytest

from hil.bench import ending
from hil.bench.ending import Ended, Ending

ALL = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.fixture
def taken() -> Iterator[Ending]:
    before = {number: signal.getsignal(number) for number in ALL}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    made = Ending()
    made.take()
    yield made
    made.release()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(
    ("number", "told"),
    [(signal.SIGINT, "by Ctrl-C"), (signal.SIGTERM, "by SIGTERM"), (signal.SIGHUP, "by a hangup")],
)
def test_the_first_signal_is_raised_and_later_ones_wait(
    taken: Ending, number: signal.Signals, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(KeyboardInterrupt, match=told):
        signal.raise_signal(number)
    signal.raise_signal(signal.SIGINT)
    signal.raise_signal(signal.SIGTERM)
    assert taken.reason is not None
    assert told in taken.reason
    monkeypatch.setattr(ending, "GRACE_S", 0.0)
    with pytest.raises(Ended, match=told):  # the tear-down hangs
        signal.raise_signal(signal.SIGTERM)


def test_once_the_run_is_over_the_table_is_printed(taken: Ending, monkeypatch: pytest.MonkeyPatch) -> None:
    taken.over = True
    signal.raise_signal(signal.SIGTERM)
    signal.raise_signal(signal.SIGINT)
    assert taken.reason is None
    monkeypatch.setattr(ending, "GRACE_S", 0.0)
    with pytest.raises(Ended):  # the end hangs
        signal.raise_signal(signal.SIGTERM)


def test_what_comes_while_something_is_stored_is_raised_after_it(taken: Ending) -> None:
    done = []

    def store() -> None:
        with taken.held():
            with taken.held():
                signal.raise_signal(signal.SIGTERM)
                done.append("inner")
            done.append("outer")

    with pytest.raises(Ended):
        store()
    assert done == ["inner", "outer"]
    with taken.held():
        done.append("again")
    assert done[-1] == "again"


def test_what_went_wrong_while_something_was_stored_is_not_hidden(taken: Ending) -> None:
    def store() -> None:
        with taken.held():
            signal.raise_signal(signal.SIGTERM)
            raise ValueError("no room")

    with pytest.raises(Ended) as caught:
        store()
    assert isinstance(caught.value.__context__, ValueError)


@pytest.mark.usefixtures("taken")
def test_signals_that_somebody_has_are_left_to_them() -> None:
    def theirs(number: int, frame: object) -> None: ...

    signal.signal(signal.SIGTERM, theirs)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    other = Ending()
    other.take()
    assert signal.getsignal(signal.SIGTERM) is theirs
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    other.release()
    assert signal.getsignal(signal.SIGTERM) is theirs
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def test_nothing_is_taken_outside_of_the_main_thread() -> None:
    before = [signal.getsignal(number) for number in ALL]
    worker = threading.Thread(target=Ending().take)
    worker.start()
    worker.join()
    assert [signal.getsignal(number) for number in ALL] == before
