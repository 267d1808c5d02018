"""The verdicts of a run against another: per board, model and precision on each metric.

Only what is needed is read: the measures of the two runs, and for noisy metrics their history and their
values per vector.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from sqlalchemy import Connection, select
from sqlalchemy.engine import URL

from hil.errors import NOT_FIT, StoreError
from hil.measure.verdicts import Outcome, Taken, Verdict, judge
from hil.metrics import METRICS, REFERENCE_S, VECTORS, lookup
from hil.thresholds import Thresholds
from hil.values import Measure, Method
from hil_db import engine
from hil_db.histories import Case as Case
from hil_db.histories import Names, Pair, bench_of, divisor, histories, noisy_pairs, with_samples
from hil_db.records import Status
from hil_db.references import StoredRun, baseline_run
from hil_db.schema import MEASURE, SESSION

_TRAINED = "its reference gives other answers to the same vectors than before: the model was trained anew"
_CASE = (SESSION.c.board, SESSION.c.kind, SESSION.c.model, SESSION.c.precision)
_ABOUT = (SESSION.c.id, SESSION.c.image_id, SESSION.c.status, SESSION.c.error)
_OVER = (SESSION.c.vectors_sha256, SESSION.c.inputs_sha256, SESSION.c.probe)
_SESSIONS = select(SESSION.c.run_id, *_CASE, *_ABOUT, *_OVER)
_PLACES = {name: place for place, name in enumerate(METRICS)}


@dataclass(frozen=True)
class Held:
    """A case's session in one of the two runs."""

    session: int
    image: int | None


@dataclass(frozen=True, eq=False)
class Compared:
    """A case's verdicts, in the metrics' order; without any, ``reason`` says why: then ``outcome`` is set.

    ``now`` and ``before`` are its sessions, None for a run that has none of it. ``note`` is what else there
    is to know of them.
    """

    case: Case
    now: Held | None
    before: Held | None
    verdicts: tuple[Verdict, ...] = ()
    alone: Outcome | None = None
    reason: str | None = None
    note: str | None = None

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
    metrics: Collection[str] | None = None,
) -> Comparison:
    """All verdicts of a run against another; those of one case, or of some metrics alone, where given.

    Against None all that was measured is new. StoreError when what is stored cannot be understood.
    """
    try:
        cases = _compared(connection, now, before, thresholds, url, only, metrics)
        return Comparison(now, before, tuple(cases))
    except (ValueError, TypeError) as error:
        raise _not_compared(url, told_runs(now, before), error) from error


def compare_sessions(
    connection: Connection, now: int, before: int, thresholds: Thresholds, url: URL
) -> Comparison | None:
    """All verdicts of a session against another, of whatever runs, boards, models and precisions.

    Its one case is that of ``now``; None where there is no session of one of the numbers. What is noisy of
    two cases has no history in common: there its noise is not known. StoreError as ``compare``.
    """
    query = _SESSIONS.where(SESSION.c.id.in_([now, before]))
    rows = {row.id: _session(row) for row in connection.execute(query)}
    if not {now, before} <= set(rows):
        return None
    (new, case, one), (old, of, other) = rows[now], rows[before]
    runs = (baseline_run(connection, str(new), url), baseline_run(connection, str(old), url))
    try:
        both = {case: (one, other)} if one.status == other.status == Status.FINISHED else {}
        verdicts = _judged(connection, runs, both, (one, other), thresholds, url, case, history=case == of)
        found = _case(case, one, other, verdicts.get(case, ()), runs[1])
        return Comparison(*runs, (found if case == of else replace(found, note=None),))
    except (ValueError, TypeError) as error:
        raise _not_compared(url, f"sessions {now} and {before}", error) from error


def _not_compared(url: URL, what: str, error: Exception) -> StoreError:
    return StoreError(
        f"what {engine.shown(url)} holds of {what} cannot be compared",
        evidence=str(error),
        remedy="restore a copy if it was changed by hand",
    )


def told_runs(now: StoredRun, before: StoredRun | None) -> str:
    """The numbers of the two runs of a comparison, or of the one."""
    return f"run {now.id}" if before is None else f"runs {now.id} and {before.id}"


class _Session(NamedTuple):
    id: int
    image: int | None
    status: str
    error: str | None
    vectors: str | None
    inputs: str | None
    probe: str | None


def _compared(
    connection: Connection,
    now: StoredRun,
    before: StoredRun | None,
    thresholds: Thresholds,
    url: URL,
    only: Case | None,
    metrics: Collection[str] | None,
) -> list[Compared]:
    sessions = _sessions(connection, [run.id for run in (now, before) if run is not None], only)
    newer, older = sessions[now.id], {} if before is None else sessions[before.id]
    cases = [case for case in sorted({*newer, *older}) if _could_run(newer.get(case), older.get(case))]
    both = {
        case: (newer[case], older[case])
        for case in newer
        if case in older and newer[case].status == older[case].status == Status.FINISHED
    }
    verdicts: Mapping[Case, Sequence[Verdict]] = {}
    if before is not None:
        every = [one for held in sessions.values() for one in held.values()]
        verdicts = _judged(connection, (now, before), both, every, thresholds, url, only, metrics)
    return [_case(case, newer.get(case), older.get(case), verdicts.get(case, ()), before) for case in cases]


def _could_run(new: _Session | None, old: _Session | None) -> bool:
    """Whether one of the two was of an image that the board has room for."""
    return any(one is not None and NOT_FIT not in (one.error or "") for one in (new, old))


def _judged(
    connection: Connection,
    runs: tuple[StoredRun, StoredRun],
    both: Mapping[Case, tuple[_Session, _Session]],
    every: Iterable[_Session],
    thresholds: Thresholds,
    url: URL,
    only: Case | None,
    metrics: Collection[str] | None = None,
    *,
    history: bool = True,
) -> Mapping[Case, Sequence[Verdict]]:
    """The verdicts on ``both``, the newer and the older session of each case, from the newer and older run.

    Sets of vectors are named by ``every`` session. Without ``history`` no noise is known.
    """
    now, before = runs
    names = Names((one.vectors, one.inputs) for one in every)
    taken = _taken(connection, now, [new for new, _ in both.values()], names, metrics)
    taken |= _taken(connection, before, [old for _, old in both.values()], names, metrics)
    pairs = [
        Pair(case, lookup(name), (one.id, other.id), new.get(name, ()), old.get(name, ()))
        for case, (one, other) in both.items()
        for new, old in [(taken[one.id], taken[other.id])]
        for name in sorted({*new, *old}, key=lambda name: (_PLACES.get(name, len(_PLACES)), name))
        if metrics is None or name in metrics
    ]
    noisy = noisy_pairs(pairs)
    series = histories(connection, now, before, noisy, only) if history else {}
    verdicts: dict[Case, list[Verdict]] = defaultdict(list)
    for pair in with_samples(connection, pairs, noisy, engine.shown(url)):
        tolerance = thresholds.of(pair.metric.name, *pair.case)
        of_it = series.get((pair.case, pair.metric.name))
        verdicts[pair.case].append(judge(pair.metric.name, pair.now, pair.before, tolerance, of_it))
    return verdicts


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
    note = _TRAINED if verdicts and _is_trained_anew(new, old) else None
    return Compared(case, held[0], held[1], tuple(verdicts), alone, reason, note)


def _is_trained_anew(new: _Session | None, old: _Session | None) -> bool:
    """Whether the vectors are the same, and the answers to them are not."""
    if new is None or old is None or new.inputs is None or old.inputs is None:
        return False
    return new.inputs == old.inputs and new.vectors != old.vectors


def _sessions(
    connection: Connection, runs: Sequence[int], only: Case | None
) -> dict[int, dict[Case, _Session]]:
    """Of each run its sessions by case: the last that finished, or else the last."""
    query = _SESSIONS.where(SESSION.c.run_id.in_(runs))
    if only is not None:
        query = query.where(*(column == name for column, name in zip(_CASE, only, strict=True)))
    found: dict[int, dict[Case, _Session]] = {run: {} for run in runs}
    for row in connection.execute(query.order_by(SESSION.c.started, SESSION.c.id)):
        run, case, session = _session(row)
        earlier = found[run].get(case)
        if earlier is None or earlier.status != Status.FINISHED or session.status == Status.FINISHED:
            found[run][case] = session
    return found


def _session(row: Sequence[Any]) -> tuple[int, Case, _Session]:
    """A row of ``_SESSIONS``: the run, the case and the session."""
    run, board, kind, model, precision, *rest = row
    return run, Case(board, kind, model, precision), _Session(*rest)


def _taken(
    connection: Connection,
    run: StoredRun,
    sessions: Sequence[_Session],
    names: Names,
    metrics: Collection[str] | None,
) -> dict[int, dict[str, list[Taken]]]:
    """What sessions of a run hold, by their ids and by metric: of some, with what those are compared by."""
    found: dict[int, dict[str, list[Taken]]] = {one.id: defaultdict(list) for one in sessions}
    query = select(MEASURE).where(MEASURE.c.session_id.in_(list(found))).order_by(MEASURE.c.id)
    if metrics is not None:
        query = query.where(MEASURE.c.metric.in_({*metrics, VECTORS.name, REFERENCE_S.name}))
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
        vectors = names.told(session.vectors, session.inputs, told.get(VECTORS.name))
        bench = bench_of(session.probe, run)
        image = None if session.image is None else str(session.image)
        for measure in held:
            way = (measure.metric, measure.technique)
            reference = divisor(way, told.get(REFERENCE_S.name))
            found[session.id][measure.metric].append(
                Taken(measure, image, vectors, reference=reference, bench=bench)
            )
    return found
