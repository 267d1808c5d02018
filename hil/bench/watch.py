"""What of a run works, has ended or waits, for whoever asks from another thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from hil.bench.attempt import Outcome
from hil.bench.plan import Case
from hil.bench.progress import Bar
from hil.errors import TooLargeError
from hil_db.histories import Case as Stored
from hil_db.progress import SKIPPED, Ended, Mishap, Progress, Working
from hil_db.records import Incident, Status

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True)
class Doing:
    """A case that runs, or whose ``outcome`` nobody has recorded yet."""

    bar: Bar
    outcome: Outcome | None = None
    waits: bool = False
    incidents: Sequence[Incident] = ()


class Watch(Generic[K]):
    """The cases of a run by who wants each; ``ended``, ``skipped`` and ``failed`` say what became of them.

    ``doing`` gives those that boards are at, ``counts`` how many boards share a name. ``vectors``, how many
    of a case are to run, is asked once a model, by whoever looks first.
    """

    def __init__(
        self,
        plan: Mapping[K, Case],
        doing: Callable[[], Mapping[K, Doing]],
        counts: Callable[[], Mapping[str, int]],
        vectors: Callable[[Case], int | None],
    ) -> None:
        self._doing = doing
        self._counts = counts
        self._vectors = vectors
        self._counted: dict[str, int | None] = {}  # no two models of a run have the same name
        self._lock = threading.Lock()
        self._places: dict[K, int] = {}
        self._plan: list[Case] = []
        self._ended: dict[int, Ended] = {}
        for key, case in plan.items():
            self._place(key, case)

    def ended(self, key: K, outcome: Outcome) -> None:
        """A case ended, however it did."""
        with self._lock:
            place = self._place(key, outcome.case)
            self._ended[place] = _ended(place, outcome)

    def skipped(self, key: K) -> None:
        """Whoever wanted it wants it no more; of one that has ended nothing changes."""
        with self._lock:
            place = self._places.get(key)
            if place is not None:
                self._ended.setdefault(place, Ended(place, 0.0, SKIPPED))

    def failed(self, key: K, why: str) -> None:
        """What was measured of a case that ended well is not what its test expects."""
        with self._lock:
            place = self._places.get(key)
            held = self._ended.get(place) if place is not None else None
            if held is not None and held.status == Status.FINISHED:
                self._ended[held.place] = replace(held, status=Status.FAILED, error=why)

    def look(self) -> Progress:
        """How far the run is; from any thread."""
        doing = self._doing()
        counts = self._counts()
        with self._lock:
            plan, ended = tuple(self._plan), dict(self._ended)
            working: list[Working] = []
            mishaps: list[Mishap] = []
            for key, one in doing.items():
                place = self._places.get(key)
                if place is None:
                    continue
                if one.outcome is not None:
                    ended[place] = _ended(place, one.outcome)
                    continue
                ended.pop(place, None)  # it is measured again
                working.append(_working(place, one))
                mishaps += [Mishap(mishap.board, mishap.kind, mishap.action) for mishap in one.incidents]
        return Progress(
            tuple(_stored(case) for case in plan),
            counts,
            tuple(working),
            tuple(ended.values()),
            tuple(mishaps),
            tuple(self._count(case) for case in plan),
        )

    def begin(self, key: K, case: Case) -> None:
        """A case is measured that perhaps nobody had planned."""
        with self._lock:
            self._place(key, case)

    def _place(self, key: K, case: Case) -> int:
        if key not in self._places:
            self._places[key] = len(self._plan)
            self._plan.append(case)
        return self._places[key]

    def _count(self, case: Case) -> int | None:
        if case.model not in self._counted:
            self._counted[case.model] = self._vectors(case)
        return self._counted[case.model]


def _stored(case: Case) -> Stored:
    return Stored(case.board.name, case.board.kind.name, case.model, case.precision)


def _working(place: int, one: Doing) -> Working:
    bar = one.bar
    return Working(
        place,
        bar.done,
        bar.total,
        round(bar.seconds, 3),
        round(bar.streaming_s, 3),
        bar.beside,
        one.waits,
    )


def _ended(place: int, outcome: Outcome) -> Ended:
    seconds = (outcome.finished - outcome.started).total_seconds()
    if outcome.error is None:
        return Ended(place, seconds, Status.FINISHED)
    status = Status.INTERRUPTED if outcome.interrupted else Status.FAILED
    short = outcome.error.short if isinstance(outcome.error, TooLargeError) else None
    return Ended(place, seconds, status, short or outcome.told())
