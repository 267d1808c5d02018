"""The histories of the noisy metrics of a comparison, and the values per vector of its two sessions.

Only what is needed is read: metrics that are exact are left out, and of a long history the newest runs, and
those up to the baseline, tell enough.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, Text, cast, or_, select

from hil.measure.verdicts import Bench, Series, Taken, likeness, pair_of
from hil.metrics import REFERENCE_S, VECTORS, Metric
from hil.values import Measure, Method
from hil_db import codec
from hil_db.records import Status
from hil_db.references import StoredRun
from hil_db.schema import MEASURE, RUN, SAMPLE, SESSION
from hil_db.trials import is_no_trial

HISTORY = 100  # runs up to each of the two that are compared
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


class Pair(NamedTuple):
    """What two sessions of a case hold of one metric."""

    case: Case
    metric: Metric
    sessions: tuple[int, int]  # the newer and the older
    now: Sequence[Taken]
    before: Sequence[Taken]


def divisor(way: tuple[str, str], held: float | None) -> float | None:
    """What a value is divided by: times of the host's clock alone are, and not the reference itself."""
    metric, technique = way
    return held if held and technique == _HOST_CLOCK and metric != REFERENCE_S.name else None


def bench_of(probe: str | None, run: StoredRun) -> Bench:
    """Where a session of a run was measured."""
    return Bench(probe, run.origin, run.host)


class Names:
    """What sets of vectors are called: by their inputs, also where those are known of another session alone.

    Whoever asks has shown it all sessions that are to be compared, as (vectors_sha256, inputs_sha256).
    """

    def __init__(self, sessions: Iterable[tuple[str | None, str | None]]) -> None:
        self._inputs = {vectors: inputs for vectors, inputs in sessions if vectors and inputs}

    def told(self, vectors: str | None, inputs: str | None, count: float | None) -> str:
        """A session's set and how many of it ran, in one text."""
        return f"{inputs or self._inputs.get(vectors or '', vectors)} {count}"


# Of a case and metric the likeness of the two values, and the bench of the newer.
Noisy = Mapping[tuple[Case, str], tuple[Hashable, Bench]]


def noisy_pairs(pairs: Iterable[Pair]) -> Noisy:
    """Those whose two values differ and may do so by noise."""
    found: dict[tuple[Case, str], tuple[Hashable, Bench]] = {}
    for pair in pairs:
        both = pair_of(pair.metric, pair.now, pair.before)
        if both is None or both[0].measure.method in pair.metric.exact:
            continue
        if both[0].normal == both[1].normal or min(one.normal for one in both) <= 0:
            continue
        if likeness(both[0]) == likeness(both[1]) and both[0].bench.unlike(both[1].bench) is None:
            found[pair.case, pair.metric.name] = likeness(both[0]), both[0].bench
    return found


def with_samples(connection: Connection, pairs: Sequence[Pair], noisy: Noisy, where: str) -> list[Pair]:
    """The pairs with their values per vector, where both sessions have them and they may tell a change.

    Those of noisy metrics do, and of exact ones those of two images, unless they are the same as they are
    packed. StoreError when a blob is damaged; ``where`` names the database.
    """
    wanted = {
        place: way
        for place, pair in enumerate(pairs)
        if (way := _way_of(pair, (pair.case, pair.metric.name) in noisy)) is not None
    }
    sessions = {session for place in wanted for session in pairs[place].sessions}
    columns = (SAMPLE.c.session_id, SAMPLE.c.metric, SAMPLE.c.method, SAMPLE.c.technique)
    packed = {
        tuple(key): rest
        for *key, rest in (
            (*row[:4], tuple(row[4:]))
            for row in _rows(
                connection,
                (*columns, SAMPLE.c.dtype, SAMPLE.c.count, SAMPLE.c.codec, SAMPLE.c.blob),
                sessions,
                {pairs[place].metric.name for place in wanted},
            )
        )
    }
    found = list(pairs)
    for place, way in wanted.items():
        pair = pairs[place]
        held = [packed.get((session, pair.metric.name, *way)) for session in pair.sessions]
        if held[0] is None or held[1] is None:
            continue
        if held[0] == held[1] and (pair.case, pair.metric.name) not in noisy:
            continue
        now, before = (_unpacked(one, f"a blob of {pair.metric.name} in {where}") for one in held if one)
        found[place] = pair._replace(
            now=_sampled(pair.now, way, now), before=_sampled(pair.before, way, before)
        )
    return found


def _way_of(pair: Pair, is_noisy: bool) -> tuple[str, str] | None:
    """By which method and technique its two values are compared, where single vectors may tell more."""
    if not pair.metric.per_vector:
        return None
    both = pair_of(pair.metric, pair.now, pair.before)
    if both is None:
        return None
    new, old = both
    measure = new.measure
    if not is_noisy:
        if measure.method not in pair.metric.exact or likeness(new) != likeness(old):
            return None
        if new.image is not None and new.image == old.image and measure.value == old.measure.value:
            return None  # equal images give equal values
    return str(measure.method), measure.technique


def _unpacked(row: tuple[Any, ...], what: str) -> npt.NDArray[np.generic]:
    dtype, count, packing, blob = row
    return codec.unpack(blob, dtype, count, packing, what)


def _sampled(some: Sequence[Taken], way: tuple[str, str], samples: npt.NDArray[np.generic]) -> list[Taken]:
    return [
        replace(one, samples=samples) if (str(one.measure.method), one.measure.technique) == way else one
        for one in some
    ]


def histories(
    connection: Connection, now: StoredRun, before: StoredRun, wanted: Noisy, only: Case | None
) -> dict[tuple[Case, str], Series]:
    """The series of noisy metrics; what cannot be told from noise is left out."""
    if not wanted:
        return {}
    places = {run: place for place, run in enumerate(_runs(connection, now, before))}
    past = _past(connection, places, only)
    numbers: dict[Hashable, int] = {}  # of benches and likenesses, which are slow to compare
    seen = _seen(connection, past, places, numbers)
    of_metric: dict[str, dict[Case, _Wanted]] = defaultdict(dict)
    for (case, metric), (like, bench) in wanted.items():
        of_metric[metric][case] = _Wanted(_number(numbers, like), _number(numbers, bench), bench, [])
    alike: dict[tuple[Hashable, ...], int] = {}
    unlike: dict[tuple[int, int], bool] = {}
    # The loop goes over hundreds of thousands of values, and is made of look-ups alone.
    for session, metric, unit, method, technique, conditions, value in _values(connection, past, of_metric):
        place, one, bench_number, ran, workload = seen[session]
        of_case = of_metric[metric].get(one.case)
        if of_case is None:
            continue
        pair = (of_case.place, bench_number)
        if pair not in unlike:
            unlike[pair] = of_case.bench.unlike(one.bench) is not None
        if unlike[pair]:
            continue
        reference = divisor((metric, technique), workload)
        kind = (metric, unit, method, technique, conditions, ran, reference is None)
        if kind not in alike:
            measure = Measure(
                metric, value, unit, Method(method), technique, conditions=json.loads(conditions)
            )
            like = likeness(Taken(measure, vectors=ran, reference=reference))
            alike[kind] = _number(numbers, like)
        if alike[kind] == of_case.like:
            of_case.held.append((place, session, value / (reference or 1.0)))
    return {
        (case, metric): _series(one.held, past, before.id)
        for metric, cases in of_metric.items()
        for case, one in cases.items()
    }


class _Wanted(NamedTuple):
    """A series that is asked for; ``like`` and ``place`` are the numbers of its likeness and its bench."""

    like: int
    place: int
    bench: Bench
    held: list[tuple[int, int, float]]  # (place of the run, session, value)


class _Past(NamedTuple):
    case: Case
    bench: Bench
    vectors: str | None
    inputs: str | None
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
    wanted = or_(is_no_trial(), RUN.c.id.in_([now.id, before.id]))
    query = select(RUN.c.id, RUN.c.git_branch).where(wanted).order_by(RUN.c.started, RUN.c.id)
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
    about = (SESSION.c.vectors_sha256, SESSION.c.inputs_sha256, SESSION.c.run_id, SESSION.c.image_id)
    query = (
        select(SESSION.c.id, *of_case, SESSION.c.probe, RUN.c.origin, RUN.c.host, *about)
        .join(RUN, RUN.c.id == SESSION.c.run_id)
        .where(SESSION.c.run_id.in_(list(runs)), SESSION.c.status == Status.FINISHED)
    )
    if only is not None:
        query = query.where(*(column == name for column, name in zip(of_case, only, strict=True)))
    benches: dict[tuple[str | None, str | None, str], Bench] = {}
    found = {}
    for number, board, kind, model, precision, *where, vectors, inputs, run, image in connection.execute(
        query
    ):
        probe, origin, host = where
        bench = benches.setdefault((probe, origin, host), Bench(probe, origin, host))
        found[number] = _Past(Case(board, kind, model, precision), bench, vectors, inputs, run, image)
    return found


def _seen(
    connection: Connection,
    past: Mapping[int, _Past],
    places: Mapping[int, int],
    numbers: dict[Hashable, int],
) -> dict[int, tuple[int, _Past, int, str, float | None]]:
    """Of each session its run's place, itself, its bench's number, what it ran, its reference workload."""
    names = Names((one.vectors, one.inputs) for one in past.values())
    beside = _beside(connection, past)
    found = {}
    for session, one in past.items():
        held = beside.get(session, {})
        ran = names.told(one.vectors, one.inputs, held.get(VECTORS.name))
        bench = _number(numbers, one.bench)
        found[session] = (places[one.run], one, bench, ran, held.get(REFERENCE_S.name))
    return found


def _number(numbers: dict[Hashable, int], what: Hashable) -> int:
    """That of something; a new one for what has none."""
    return numbers.setdefault(what, len(numbers))


def _beside(connection: Connection, past: Iterable[int]) -> dict[int, dict[str, float]]:
    """How many vectors sessions ran, and what their reference workload took."""
    columns = (MEASURE.c.session_id, MEASURE.c.metric, MEASURE.c.value)
    found: dict[int, dict[str, float]] = defaultdict(dict)
    for session, metric, value in _rows(connection, columns, past, {VECTORS.name, REFERENCE_S.name}):
        found[session][metric] = value
    return found


def _values(connection: Connection, past: Iterable[int], metrics: Iterable[str]) -> Iterable[Any]:
    """(session, metric, unit, method, technique, conditions as text, value) of sessions."""
    held = MEASURE.c
    way = (held.metric, held.unit, held.method, held.technique, cast(held.conditions, Text))
    return _rows(connection, (held.session_id, *way, held.value), past, metrics)


def _rows(
    connection: Connection, columns: Sequence[Any], sessions: Iterable[int], metrics: Iterable[str]
) -> Iterable[Any]:
    numbers = sorted(sessions)
    for first in range(0, len(numbers), _AT_ONCE):
        some = numbers[first : first + _AT_ONCE]
        held = columns[0].table.c
        query = select(*columns).where(held.metric.in_(list(metrics)), held.session_id.in_(some))
        yield from connection.execute(query)
