"""The reference workload is one and the same, and one slow moment does not tell it."""

from __future__ import annotations

from itertools import count

from hil.measure.reference import reference_of, reference_times


def test_each_time_is_that_of_the_work_alone() -> None:
    ticks = count()
    assert reference_times(lambda: float(next(ticks) ** 2)) == [1.0, 5.0, 9.0]


def test_it_takes_time() -> None:
    assert min(reference_times()) > 0


def test_one_slow_moment_does_not_tell_it() -> None:
    assert reference_of([1.0, 1.1, 9.0]) == 1.1
