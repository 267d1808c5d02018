"""Emulators compute in turns, each on a processor of its own; one that stands still holds up no other."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from hil.bench.progress import Bar
from hil.bench.turns import STANDS_S, Turn, Turns

WAIT_S = 30.0


class Still(Bar):
    """A case that has stood for as long as it is told."""

    stands_s = 0.0

    @property
    def silent_s(self) -> float:
        return self.stands_s


@dataclass
class Waiting:
    """A turn that waits for a processor in a thread."""

    turn: Turn
    turns: Turns
    changed: threading.Condition
    over: bool = False
    ended: BaseException | None = None
    got: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        with self.changed:
            assert self.changed.wait_for(lambda: self.turn.waits or self.got.is_set(), WAIT_S)

    def _run(self) -> None:
        with self.changed:
            self.changed.notify_all()
            try:
                self.turns.compute(self.turn, self._check)
            except KeyboardInterrupt as error:
                self.ended = error
            self.got.set()

    def _check(self) -> None:
        if self.over:
            raise KeyboardInterrupt


@pytest.fixture
def changed() -> threading.Condition:
    return threading.Condition()


@pytest.fixture
def wait(changed: threading.Condition) -> Callable[[Turns, Turn], Waiting]:
    return lambda turns, turn: Waiting(turn, turns, changed)


def begun(turns: Turns, changed: threading.Condition) -> Turn:
    with changed:
        return turns.begin(Still("one"))


def never() -> None:
    raise AssertionError("it had to wait")


def test_each_has_a_processor_of_its_own_and_the_next_waits_for_one(
    changed: threading.Condition, wait: Callable[[Turns, Turn], Waiting]
) -> None:
    turns = Turns(changed, processors=2)
    first, second, third = (begun(turns, changed) for _ in range(3))
    with changed:
        assert {turns.compute(first, never), turns.compute(second, never)} == {0, 1}
    waiting = wait(turns, third)
    assert not waiting.got.wait(0.1)
    assert third.processor is None
    with changed:
        turns.computed(second)
        turns.computed(second)
    assert waiting.got.wait(WAIT_S)
    assert third.processor == second.processor


def test_as_many_get_ready_as_may_compute(changed: threading.Condition) -> None:
    turns = Turns(changed, processors=2)
    with changed:
        first = turns.begin(Still("first"))
        assert turns.room()
        turns.begin(Still("second"))
        assert not turns.room()
        turns.compute(first, never)
        assert turns.room()


def test_nobody_waits_for_one_that_stands(
    changed: threading.Condition, wait: Callable[[Turns, Turn], Waiting]
) -> None:
    turns = Turns(changed, processors=1)
    first, second = begun(turns, changed), begun(turns, changed)
    with changed:
        turns.compute(first, never)
    waiting = wait(turns, second)
    assert not waiting.got.wait(0.1)
    assert isinstance(first.bar, Still)
    first.bar.stands_s = STANDS_S + 1
    assert waiting.got.wait(WAIT_S)
    with changed:
        opening = turns.begin(Still("hangs while it is opened"))
        assert not turns.room()
        assert isinstance(opening.bar, Still)
        opening.bar.stands_s = STANDS_S + 1
        assert turns.room()


def test_whoever_waits_is_told_that_it_is_over(
    changed: threading.Condition, wait: Callable[[Turns, Turn], Waiting]
) -> None:
    turns = Turns(changed, processors=1)
    first, second = begun(turns, changed), begun(turns, changed)
    with changed:
        turns.compute(first, never)
    waiting = wait(turns, second)
    waiting.over = True
    with changed:
        changed.notify_all()
    assert waiting.got.wait(WAIT_S)
    assert waiting.ended is not None
    assert not second.waits
