"""What is waiting, in flight and done; and the units of a large vector."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from hil.link.assembly import Assembly
from hil.link.window import Window


def test_a_later_answer_shows_that_an_earlier_frame_was_lost() -> None:
    window = Window(4, 1000)
    window.sent([0, 1], 100)
    window.sent([2, 3], 120)
    assert window.next_waiting() is None
    outcome = window.answered(2)
    assert outcome.fresh
    assert outcome.lost == (100,)
    assert window.run_of_waiting(10) == [0, 1]


def test_only_what_a_lost_frame_still_owes_waits_again() -> None:
    window = Window(3, 1000)
    window.sent([0, 1, 2], 100)
    window.answered(0)
    window.answered(2)
    assert window.barrier(window.order) == (100,)
    assert window.run_of_waiting(10) == [1]


def test_a_barrier_says_nothing_of_what_was_sent_behind_it() -> None:
    window = Window(2, 1000)
    window.sent([0], 100)
    barrier = window.sent((), 16)
    window.sent([1], 100)
    assert window.barrier(barrier) == (100,)
    assert window.run_of_waiting(10) == [0]
    assert window.settled == barrier


def test_a_second_answer_to_the_same_vector_is_not_fresh() -> None:
    window = Window(2, 1000)
    window.sent([0], 100)
    window.barrier(window.order)
    window.sent([0], 100)
    assert window.answered(0).fresh
    assert not window.answered(0).fresh
    assert not window.finished


def test_a_late_answer_keeps_a_vector_from_being_sent_again() -> None:
    window = Window(2, 1000)
    window.sent([0, 1], 100)
    window.barrier(window.order)
    window.answered(0)
    assert window.run_of_waiting(10) == [1]


def test_room_counts_all_that_is_on_its_way() -> None:
    window = Window(3, 250)
    assert window.has_room(9999)
    window.sent([0], 100)
    window.sent((), 50)
    assert window.has_room(100)
    assert not window.has_room(101)
    window.answered(0)
    assert window.has_room(200)


@settings(deadline=None)
@given(st.data())
def test_whatever_is_lost_every_vector_is_answered_in_the_end(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 12))
    window = Window(count, 300)
    answered: set[int] = set()
    pending: list[tuple[int, list[int]]] = []
    for _ in range(400):
        if window.finished:
            break
        while (numbers := window.run_of_waiting(3)) and window.has_room(100):
            assert answered.isdisjoint(numbers)
            pending.append((window.sent(numbers, 100), numbers))
        order, numbers = pending.pop(0)
        for number in numbers:
            if data.draw(st.integers(0, 3)):
                assert window.answered(number).fresh
                answered.add(number)
        if data.draw(st.booleans()) or not pending:
            window.barrier(order)
    else:
        while not window.finished:  # from here on nothing is lost
            window.barrier(window.order)
            for number in window.run_of_waiting(3):
                window.sent([number], 100)
                window.answered(number)
                answered.add(number)
    assert answered == set(range(count))


def test_units_that_did_not_arrive_wait_again() -> None:
    assembly = Assembly(7, 10 * 64 - 1)
    assembly.sent(assembly.next_run(4), 1, 300)
    assembly.sent(assembly.next_run(4), 2, 301)
    assembly.sent(assembly.next_run(4), 3, 150)
    assert assembly.complete
    settled = assembly.settle({1, 2, 8, 9}, 2)
    assert settled.lost == (300,)
    assert settled.arrived == (301,)
    assert not assembly.complete
    assert assembly.next_run(4) == range(1, 3)
    assembly.sent(assembly.next_run(4), 4, 200)
    assert assembly.complete  # 8 and 9 left behind the ping


def test_a_device_that_forgot_a_vector_gets_all_of_it_again() -> None:
    assembly = Assembly(0, 4 * 64)
    assembly.sent(assembly.next_run(2), 1, 150)
    assert assembly.settle({2, 3}, 1).arrived == (150,)
    assembly.sent(assembly.next_run(9), 2, 150)
    assembly.restart(2)
    assert assembly.next_run(9) == range(4)


@settings(deadline=None)
@given(st.data())
def test_every_unit_arrives_whatever_is_lost(data: st.DataObject) -> None:
    units = data.draw(st.integers(1, 40))
    assembly = Assembly(0, units * 64)
    have: set[int] = set()
    for order in range(1, 300):
        if len(have) == units:
            break
        run = assembly.next_run(data.draw(st.integers(1, 8)))
        assembly.sent(run, order, 100)
        if order > 200 or data.draw(st.booleans()):
            have.update(run)
        if assembly.complete or data.draw(st.booleans()):
            assembly.settle(set(range(units)) - have, order)
    assert len(have) == units
