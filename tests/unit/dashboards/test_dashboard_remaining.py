"""How long a run in progress still takes, by what its images took before."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hil_dashboards.reading.remaining import Former, remaining
from hil_db.histories import Case
from hil_db.progress import Ended, Progress, Working

A, B, C, D = (Case("qemu", "k", "m", str(number)) for number in range(4))
E = Case("desk", "k", "m", "0")


def test_nothing_is_known_of_what_never_ran() -> None:
    found = remaining(Progress((A, B)), {})
    assert (found.seconds, found.boards, found.known, found.left) == (None, {"qemu": None}, 0, 2)


def test_boards_of_a_name_share_its_images_and_others_work_beside_them() -> None:
    before = {A: Former(10.0), B: Former(20.0), C: Former(30.0), E: Former(25.0)}
    found = remaining(Progress((A, B, C, E), {"qemu": 2, "desk": 1}), before)
    assert found.boards == {"qemu": 30.0, "desk": 25.0}
    assert found.seconds == 30.0


def test_more_boards_than_images_end_with_the_longest() -> None:
    working = (Working(0, 0, 0, 0.0, 0.0), Working(1, 0, 0, 0.0, 0.0))
    found = remaining(Progress((A, B), {"qemu": 8}, working), {A: Former(10.0), B: Former(40.0)})
    assert found.seconds == 40.0


def test_what_finished_in_this_run_tells_its_pace() -> None:
    ended = (Ended(0, 15.0, "finished"), Ended(1, 99.0, "failed"))
    found = remaining(
        Progress((A, B, C), {"qemu": 1}, (), ended), {A: Former(10.0), B: Former(10.0), C: Former(30.0)}
    )
    assert (found.pace, found.told, found.seconds) == (1.5, 1, 45.0)


def test_what_is_not_known_is_taken_to_need_the_mean_of_what_is() -> None:
    found = remaining(Progress((A, B, C), {"qemu": 1}), {A: Former(10.0), B: Former(30.0)})
    assert (found.seconds, found.known, found.left) == (60.0, 2, 3)


def test_without_any_before_those_of_this_run_tell() -> None:
    ended = (Ended(0, 12.0, "finished"), Ended(3, 0.0, "skipped"))
    found = remaining(Progress((A, B, C, D), {"qemu": 1}, (), ended), {})
    assert (found.seconds, found.known, found.told) == (24.0, 0, 0)


@pytest.mark.parametrize(
    ("seconds", "done", "streaming", "left"),
    [
        (4.0, 0, 0.0, 6.0),  # by what it took before
        (4.0, 10, 1.0, 9.0),  # its vectors take longer
        (4.0, 50, 1.0, 6.0),
        (20.0, 100, 1.0, 0.0),
    ],
)
def test_one_at_work_takes_what_is_left_of_it(
    seconds: float, done: int, streaming: float, left: float
) -> None:
    found = remaining(
        Progress((A,), {"qemu": 1}, (Working(0, done, 100, seconds, streaming),)), {A: Former(10.0)}
    )
    assert found.working == {0: left}
    assert found.seconds == left


def test_of_one_that_never_ran_its_vectors_tell() -> None:
    found = remaining(Progress((A,), {"qemu": 1}, (Working(0, 25, 100, 9.0, 5.0),)), {})
    assert found.working == {0: 15.0}


def test_a_run_that_is_done_takes_nothing() -> None:
    found = remaining(Progress((A,), {"qemu": 1}, (), (Ended(0, 5.0, "finished"),)), {A: Former(10.0)})
    assert (found.seconds, found.left) == (0.0, 0)


def asked(*vectors: int | None) -> Progress:
    return Progress((A, B, C)[: len(vectors)], {"qemu": 1}, vectors=vectors)


def test_of_another_number_of_vectors_only_what_streams_them_is_scaled() -> None:
    before = {A: Former(11.0, 500, 10.0), B: Former(3.0, 10, 1.0)}
    found = remaining(asked(50, 20), before)
    assert (found.seconds, found.scaled) == (2.0 + 4.0, 2)


@pytest.mark.parametrize(
    ("vectors", "former"),
    [
        (500, Former(11.0, 500, 10.0)),
        (50, Former(11.0)),
        (50, Former(11.0, 0, 0.0)),
        (None, Former(11.0, 500, 10.0)),
    ],
)
def test_nothing_is_scaled_of_as_many_or_where_it_is_not_known(vectors: int | None, former: Former) -> None:
    found = remaining(asked(vectors), {A: former})
    assert (found.seconds, found.scaled) == (11.0, 0)


def test_the_pace_is_that_of_as_many_vectors() -> None:
    ended = (Ended(0, 3.0, "finished"),)  # by the former session it was to take 2 s
    before = {A: Former(11.0, 500, 10.0), B: Former(6.0, 500, 5.0)}
    found = remaining(replace(asked(50, 50), ended=ended), before)
    assert (found.pace, found.seconds) == (1.5, 1.5 * 1.5)
