"""How long a run in progress still takes, from how long its images took when they last finished."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hil_db.histories import Case
from hil_db.progress import SKIPPED, Progress, Working
from hil_db.records import Status


@dataclass(frozen=True)
class Former:
    """How long a case took when it last finished, and how long of it so many vectors, where that is known."""

    seconds: float
    vectors: float | None = None
    stream_s: float | None = None

    def of(self, vectors: int | None) -> float:
        """How long it takes for so many vectors, at the same pace."""
        if vectors in (None, self.vectors) or self.stream_s is None or not self.vectors:
            return self.seconds
        return max(0.0, self.seconds - self.stream_s) + self.stream_s * vectors / self.vectors


@dataclass(frozen=True)
class Remaining:
    """What is left, in seconds, None where nothing tells: of the run, by board, and by image at work.

    An image is taken to need what it needed when it last finished, for as many vectors as it is to run now,
    times ``pace``: that of the ``told`` ones that have finished in this run, 1 without any. ``known`` of the
    ``left`` images have finished before, ``scaled`` of these with another number of vectors; the others are
    taken to need the mean of all that is known.
    """

    seconds: float | None
    boards: Mapping[str, float | None]
    working: Mapping[int, float | None]
    pace: float
    told: int
    known: int
    left: int
    scaled: int


def remaining(progress: Progress, former: Mapping[Case, Former]) -> Remaining:
    """By how long each case took before, where it ever finished; boards work side by side."""
    before = _expected(progress, former)
    pace, told = _pace(progress, before)
    waiting = _waiting(progress)
    working = {one.place: one for one in progress.working}
    left = [*waiting, *working]
    known = [place for place in left if place in before]
    scaled = [place for place in known if before[place] != former[progress.plan[place]].seconds]
    usual = _usual(progress, before, pace)

    def expected(place: int) -> float | None:
        seconds = before.get(place)
        return usual if seconds is None else seconds * pace

    still = {place: _still(one, expected(place)) for place, one in working.items()}
    boards: dict[str, list[float | None]] = defaultdict(list)
    for place in waiting:
        boards[progress.plan[place].board].append(expected(place))
    at_work: dict[str, list[float | None]] = defaultdict(list)
    for place, seconds in still.items():
        at_work[progress.plan[place].board].append(seconds)
    counts = progress.boards or {}
    by_board = {
        name: _together(boards[name], at_work[name], counts.get(name, 1))
        for name in dict.fromkeys(case.board for case in progress.plan)
    }
    ends = [seconds for seconds in by_board.values() if seconds is not None]
    whole = max(ends, default=0.0) if len(ends) == len(by_board) else None
    return Remaining(whole, by_board, still, pace, told, len(known), len(left), len(scaled))


def _expected(progress: Progress, former: Mapping[Case, Former]) -> dict[int, float]:
    """By place of the plan, at the former pace."""
    vectors = progress.vectors or (None,) * len(progress.plan)
    planned = enumerate(zip(progress.plan, vectors, strict=True))
    return {place: former[case].of(count) for place, (case, count) in planned if case in former}


def _waiting(progress: Progress) -> list[int]:
    begun = {one.place for one in progress.working} | {one.place for one in progress.ended}
    return [place for place in range(len(progress.plan)) if place not in begun]


def _pace(progress: Progress, before: Mapping[int, float]) -> tuple[float, int]:
    """How this run's finished images compare with what they took before, and how many there are."""
    both = [
        (one.seconds, before[one.place])
        for one in progress.ended
        if one.status == Status.FINISHED and before.get(one.place, 0.0) > 0
    ]
    taken, usual = (sum(side) for side in zip(*both, strict=True)) if both else (1.0, 1.0)
    return taken / usual, len(both)


def _usual(progress: Progress, before: Mapping[int, float], pace: float) -> float | None:
    """What one takes of which nothing is known."""
    here = [one.seconds for one in progress.ended if one.status not in (SKIPPED, Status.INTERRUPTED)]
    held = [seconds * pace for seconds in before.values()] or here
    return sum(held) / len(held) if held else None


def _still(one: Working, expected: float | None) -> float | None:
    """At least what its vectors still take at their rate."""
    found = [] if expected is None else [expected - one.seconds]
    if one.done and one.streaming_s > 0:
        found.append((one.total - one.done) * one.streaming_s / one.done)
    return max(0.0, *found) if found else None


def _together(waiting: Sequence[float | None], at_work: Sequence[float | None], boards: int) -> float | None:
    """Boards of one name share its images: none of them ends before the longest that works does."""
    known = [seconds for seconds in (*waiting, *at_work) if seconds is not None]
    if len(known) < len(waiting) + len(at_work):
        return None
    shared = sum(known) / max(1, min(boards, len(known)))
    return max([shared, *(seconds for seconds in at_work if seconds is not None)])
