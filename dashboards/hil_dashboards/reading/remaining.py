"""How long a run in progress still takes, from how long its images took when they last finished."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hil_db.histories import Case
from hil_db.progress import SKIPPED, Progress, Working
from hil_db.records import Status


@dataclass(frozen=True)
class Remaining:
    """What is left, in seconds, None where nothing tells: of the run, by board, and by image at work.

    An image is taken to need what it needed when it last finished, times ``pace``: that of the ``told`` ones
    that have finished in this run, 1 without any. ``known`` of the ``left`` images have finished before; the
    others are taken to need the mean of all that is known.
    """

    seconds: float | None
    boards: Mapping[str, float | None]
    working: Mapping[int, float | None]
    pace: float
    told: int
    known: int
    left: int


def remaining(progress: Progress, before: Mapping[Case, float]) -> Remaining:
    """By how many seconds each case took ``before``, where it ever finished; boards work side by side."""
    pace, told = _pace(progress, before)
    waiting = _waiting(progress)
    working = {one.place: one for one in progress.working}
    left = [*waiting, *working]
    known = [place for place in left if progress.plan[place] in before]
    usual = _usual(progress, before, pace)

    def expected(place: int) -> float | None:
        seconds = before.get(progress.plan[place])
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
    return Remaining(whole, by_board, still, pace, told, len(known), len(left))


def _waiting(progress: Progress) -> list[int]:
    begun = {one.place for one in progress.working} | {one.place for one in progress.ended}
    return [place for place in range(len(progress.plan)) if place not in begun]


def _pace(progress: Progress, before: Mapping[Case, float]) -> tuple[float, int]:
    """How this run's finished images compare with what they took before, and how many there are."""
    both = [
        (one.seconds, before[progress.plan[one.place]])
        for one in progress.ended
        if one.status == Status.FINISHED and before.get(progress.plan[one.place], 0.0) > 0
    ]
    taken, usual = (sum(side) for side in zip(*both, strict=True)) if both else (1.0, 1.0)
    return taken / usual, len(both)


def _usual(progress: Progress, before: Mapping[Case, float], pace: float) -> float | None:
    """What one takes of which nothing is known."""
    here = [one.seconds for one in progress.ended if one.status not in (SKIPPED, Status.INTERRUPTED)]
    held = [before[case] * pace for case in progress.plan if case in before] or here
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
