"""The verdicts of a run against another: per board, model and precision on each metric.

Only what is needed is read: the measures of the two runs, and the history of noisy metrics alone, of which
the newest runs, and those up to the baseline, tell enough.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import Connection, Text, cast, select
from sqlalchemy.engine import URL

from hil.errors import StoreError
from hil.measure.verdicts import Outcome, Series, Taken, Verdict, judge, likeness, pair_of
from hil.metrics import METRICS, REFERENCE_S, VECTORS, Metric, lookup
from hil.thresholds import Thresholds
from hil.values import Measure, Method
from hil_db import engine
from hil_db.records import Status
from hil_db.references import StoredRun
from hil_db.schema import MEASURE, RUN, SESSION

HISTORY = 100  # runs up to each of the two that are compared
_PLACES = {name: place for place, name in enumerate(METRICS)}
_HOST_CLOCK = "host-clock"
_AT_ONCE = 10_000  # sessions of which a query asks


class Case(NamedTuple):
    """What is compared with itself: one image's name on one board."""

    board: str
    kind: str
    model: str
    precision: str

    @property
    def told(self) -> str:
        """``board model/precision``."""
        return f"{self.board} {self.model}/{self.precision}"


@dataclass(frozen=True)
class Held:
    """A case's session in one of the two runs."""

    session: int
    image: int | None


@dataclass(frozen=True, eq=False)
class Compared:
    """A case's verdicts, in the metrics' order; without any, ``reason`` says why: then ``outcome`` is set.

    ``now`` and ``before`` are its sessions, None for a run that has none of it.
    """

    case: Case
    now: Held | None
    before: Held | None
    verdicts: tuple[Verdict, ...] = ()
    alone: Outcome | None = None
    reason: str | None = None

    @property
    def outcome(self) -> Outcome:
        """The worst of its verdicts; those that do not matter are unchanged."""
        if self.alone is not None:
            return self.alone
        found = {outcome_of(verdict) for verdict in self.verdicts}
        order = (Outcome.REGRESSION, Outcome.IMPROVEMENT, Outcome.UNCHANGED, Outcome.NOT_COMPARABLE)
        return next((one for one in order if one in found), Outcome.NO_DATA)


@dataclass(frozen=True, eq=False)
class Comparison:
    """A run against its baseline, by case; ``before`` is None for a run that is the first of its kind."""

    now: StoredRun
    before: StoredRun | None
    cases: tuple[Compared, ...]

    def count(self, outcome: Outcome) -> int:
        """How many cases came out so."""
        return sum(one.outcome is outcome for one in self.cases)


def outcome_of(verdict: Verdict) -> Outcome:
    """The outcome as a gate takes it: a change that is tolerated is none."""
    return Outcome.UNCHANGED if verdict.tolerated else verdict.outcome


def compare(
    connection: Connection,
    now: StoredRun,
    before: StoredRun | None,
    thresholds: Thresholds,
    url: URL,
    only: Case | None = None,
) -> Comparison:
    """All verdicts of a run against another; those of one case alone, where it is given.

    Against None all that was measured is new. StoreError when what is stored cannot be understood.
    """
    try:
        return Comparison(now, before, tuple(_compared(connection, now, before, thresholds, only)))
    except (ValueError, TypeError) as error:
        raise StoreError(
            f"what {engine.shown(url)} holds of {told_runs(now, before)} cannot be compared",
            evidence=str(error),
            remedy="restore a copy if it was changed by hand",
        ) from error


def told_runs(now: StoredRun, before: StoredRun | None) -> str:
    """The numbers of the two runs of a comparison, or of the one."""
    return f"run {now.id}" if before is None else f"runs {now.id} and {before.id}"


class _Session(NamedTuple):
    id: int
    image: int | None
    status: str
    error: str | None
    vectors: str | None


class _Pair(NamedTuple):
    """What two sessions of a case hold of one metric."""

    case: Case
    metric: Metric
    now: Sequence[Taken]
    before: Sequence[Taken]


def _compared(
    connection: Connection,
    now: StoredRun,
    before: StoredRun | None,
    thresholds: Thresholds,
    only: Case | None,
) -> list[Compared]:
    sessions = _sessions(connection, [run.id for run in (now, before) if run is not None], only)
    newer, older = sessions[now.id], {} if before is None else sessions[before.id]
    both = [
        case
        for case in newer
        if case in older and newer[case].status == older[case].status == Status.FINISHED
    ]
    taken = _taken(connection, [side[case] for case in both for side in (newer, older)])
    pairs = [
        _Pair(case, lookup(name), new.get(name, ()), old.get(name, ()))
        for case in both
        for new, old in [(taken[newer[case].id], taken[older[case].id])]
        for name in sorted({*new, *old}, key=lambda name: (_PLACES.get(name, len(_PLACES)), name))
    ]
    histories = {} if before is None else _histories(connection, now, before, pairs, only)
    verdicts: dict[Case, list[Verdict]] = defaultdict(list)
    for pair in pairs:
        tolerance = thresholds.of(pair.metric.name, *pair.case)
        history = histories.get((pair.case, pair.metric.name))
        verdicts[pair.case].append(judge(pair.metric.name, pair.now, pair.before, tolerance, history))
    return [
        _case(case, newer.get(case), older.get(case), verdicts[case], before)
        for case in sorted({*newer, *older})
    ]


def _case(
    case: Case,
    new: _Session | None,
    old: _Session | None,
    verdicts: Sequence[Verdict],
    before: StoredRun | None,
) -> Compared:
    alone, reason = None, None
    if new is None:
        alone, reason = Outcome.NO_DATA, "was not run this time"
    elif new.status != Status.FINISHED:
        alone, reason = Outcome.NO_DATA, f"its session {new.status}: {new.error or 'nothing tells why'}"
    elif before is None:
        alone, reason = Outcome.NEW, "there is nothing to compare it with yet"
    elif old is None:
        alone, reason = Outcome.NEW, f"was not in run {before.id}"
    elif old.status != Status.FINISHED:
        alone, reason = Outcome.NEW, f"its session in run {before.id} {old.status}"
    held = [None if one is None else Held(one.id, one.image) for one in (new, old)]
    return Compared(case, held[0], held[1], tuple(verdicts), alone, reason)


def _sessions(
    connection: Connection, runs: Sequence[int], only: Case | None
) -> dict[int, dict[Case, _Session]]:
    """Of each run its sessions by case: the last that finished, or else the last."""
    of_case = (SESSION.c.board, SESSION.c.kind, SESSION.c.model, SESSION.c.precision)
    about = (SESSION.c.id, SESSION.c.image_id, SESSION.c.status, SESSION.c.error, SESSION.c.vectors_sha256)
    query = select(SESSION.c.run_id, *of_case, *about).where(SESSION.c.run_id.in_(runs))
    if only is not None:
        query = query.where(*(column == name for column, name in zip(of_case, only, strict=True)))
    found: dict[int, dict[Case, _Session]] = {run: {} for run in runs}
    for run, board, kind, model, precision, *rest in connection.execute(
        query.order_by(SESSION.c.started, SESSION.c.id)
    ):
        case, session = Case(board, kind, model, precision), _Session(*rest)
        earlier = found[run].get(case)
        if earlier is None or earlier.status != Status.FINISHED or session.status == Status.FINISHED:
            found[run][case] = session
    return found


def _taken(connection: Connection, sessions: Sequence[_Session]) -> dict[int, dict[str, list[Taken]]]:
    """What sessions hold, by their ids and by metric."""
    found: dict[int, dict[str, list[Taken]]] = {one.id: defaultdict(list) for one in sessions}
    query = select(MEASURE).where(MEASURE.c.session_id.in_(list(found))).order_by(MEASURE.c.id)
    measures: dict[int, list[Measure]] = defaultdict(list)
    for row in connection.execute(query):
        if not isinstance(row.conditions, dict):
            raise TypeError(f"the conditions of a {row.metric} are {row.conditions!r:.40}")
        band = None if row.low is None or row.high is None else (row.low, row.high)
        about = (row.metric, row.value, row.unit, Method(row.method), row.technique)
        measures[row.session_id].append(Measure(*about, row.resolution, band, row.conditions))
    for session in sessions:
        held = measures[session.id]
        told = {one.metric: one.value for one in held}
        vectors = _vectors(session.vectors, told.get(VECTORS.name))
        image = None if session.image is None else str(session.image)
        for measure in held:
            way = (measure.metric, measure.technique)
            reference = _reference(way, told.get(REFERENCE_S.name))
            found[session.id][measure.metric].append(Taken(measure, image, vectors, reference=reference))
    return found


def _reference(way: tuple[str, str], held: float | None) -> float | None:
    """What a value is divided by: times of the host's clock alone are, and not the reference itself."""
    metric, technique = way
    return held if held and technique == _HOST_CLOCK and metric != REFERENCE_S.name else None


def _vectors(sha256: str | None, count: float | None) -> str:
    """A set of vectors and how many of it ran, in one text."""
    return f"{sha256} {count}"


def _histories(
    connection: Connection, now: StoredRun, before: StoredRun, pairs: list[_Pair], only: Case | None
) -> dict[tuple[Case, str], Series]:
    """The series of noisy metrics; what cannot be told from noise is left out."""
    wanted: dict[tuple[Case, str], Hashable] = {}
    for pair in pairs:
        both = pair_of(pair.metric, pair.now, pair.before)
        if both is None or both[0].measure.method in pair.metric.exact:
            continue
        if both[0].normal == both[1].normal or min(one.normal for one in both) <= 0:
            continue
        if likeness(both[0]) == likeness(both[1]):
            wanted[pair.case, pair.metric.name] = likeness(both[0])
    if not wanted:
        return {}
    places = {run: place for place, run in enumerate(_runs(connection, now, before))}
    past = _past(connection, places, only)
    beside = _beside(connection, past)
    series: dict[tuple[Case, str], list[tuple[int, int, float]]] = {key: [] for key in wanted}
    alike: dict[tuple[Hashable, ...], Hashable] = {}
    for session, *way, value in _values(connection, past, {metric for _, metric in wanted}):
        case, vectors, *_ = past[session]
        key = (case, way[0])
        if key not in wanted:
            continue
        count, workload = beside[session].get(VECTORS.name), beside[session].get(REFERENCE_S.name)
        ran, reference = _vectors(vectors, count), _reference((way[0], way[3]), workload)
        kind = (*way, ran, reference is None)
        if kind not in alike:
            name, unit, method, technique, conditions = way
            measure = Measure(name, value, unit, Method(method), technique, conditions=json.loads(conditions))
            alike[kind] = likeness(Taken(measure, vectors=ran, reference=reference))
        if alike[kind] == wanted[key]:
            series[key].append((places[past[session].run], session, value / (reference or 1.0)))
    return {key: _series(held, past, before.id) for key, held in series.items()}


class _Past(NamedTuple):
    case: Case
    vectors: str | None
    run: int
    image: int | None


def _series(held: list[tuple[int, int, float]], past: Mapping[int, _Past], before: int) -> Series:
    held.sort()
    images = [past[session].image for _, session, _ in held]
    of_baseline = [place for place, (_, session, _) in enumerate(held) if past[session].run == before]
    values = np.array([value for _, _, value in held])
    return Series(values, images, of_baseline[-1] if of_baseline else None)


def _runs(connection: Connection, now: StoredRun, before: StoredRun) -> list[int]:
    """The runs up to either of the two, oldest first, of their branches alone."""
    query = select(RUN.c.id, RUN.c.git_branch).order_by(RUN.c.started, RUN.c.id)
    branches = {now.branch, before.branch}
    every = [number for number, branch in connection.execute(query) if branch in branches]
    ends = [every.index(run.id) + 1 for run in (now, before)]
    return [
        number
        for place, number in enumerate(every)
        if any(end - HISTORY <= place < end for end in ends) and place < ends[0]
    ]


def _past(connection: Connection, runs: Iterable[int], only: Case | None) -> dict[int, _Past]:
    """The finished sessions of these runs."""
    of_case = (SESSION.c.board, SESSION.c.kind, SESSION.c.model, SESSION.c.precision)
    about = (SESSION.c.vectors_sha256, SESSION.c.run_id, SESSION.c.image_id)
    query = select(SESSION.c.id, *of_case, *about).where(
        SESSION.c.run_id.in_(list(runs)), SESSION.c.status == Status.FINISHED
    )
    if only is not None:
        query = query.where(*(column == name for column, name in zip(of_case, only, strict=True)))
    return {
        number: _Past(Case(board, kind, model, precision), *rest)
        for number, board, kind, model, precision, *rest in connection.execute(query)
    }


def _beside(connection: Connection, past: Iterable[int]) -> dict[int, dict[str, float]]:
    """How many vectors sessions ran, and what their reference workload took."""
    columns = (MEASURE.c.session_id, MEASURE.c.metric, MEASURE.c.value)
    found: dict[int, dict[str, float]] = defaultdict(dict)
    for session, metric, value in _rows(connection, columns, past, {VECTORS.name, REFERENCE_S.name}):
        found[session][metric] = value
    return found


def _values(connection: Connection, past: Iterable[int], metrics: set[str]) -> Iterable[Any]:
    """(session, metric, unit, method, technique, conditions as text, value) of sessions."""
    held = MEASURE.c
    way = (held.metric, held.unit, held.method, held.technique, cast(held.conditions, Text))
    return _rows(connection, (held.session_id, *way, held.value), past, metrics)


def _rows(
    connection: Connection, columns: Sequence[Any], sessions: Iterable[int], metrics: set[str]
) -> Iterable[Any]:
    numbers = sorted(sessions)
    for first in range(0, len(numbers), _AT_ONCE):
        some = numbers[first : first + _AT_ONCE]
        query = select(*columns).where(MEASURE.c.metric.in_(metrics), MEASURE.c.session_id.in_(some))
        yield from connection.execute(query)
