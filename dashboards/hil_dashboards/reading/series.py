"""A metric over runs: of the boards' images that it got worst of, or of those that were chosen."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    func,
    null,
    or_,
    select,
)

from hil.errors import StoreError
from hil.metrics import INSTRUCTIONS, REFERENCE_S, lookup
from hil_dashboards import text
from hil_dashboards.choices.series import FILTERS, LINES_MOST, NO_BASELINE, Choice, Filter, Way
from hil_dashboards.reading import selects
from hil_dashboards.reading.columns import VALUE_COLUMNS, Rows
from hil_dashboards.reading.database import RunHead, checked, newest_run, reading, told
from hil_dashboards.reading.worst import (
    Held,
    known_cases,
    newest_values,
    ordered,
    values_of_run,
)
from hil_db import baselines, engine
from hil_db.histories import Case, divisor
from hil_db.records import Status
from hil_db.references import StoredRun, baseline_run
from hil_db.schema import CASE_COLUMNS, IMAGE, MEASURE, MEASURE_COLUMNS, RUN, SESSION
from hil_db.trials import is_no_trial

_SESSIONS_OF_A_RUN = 4  # of one case at most, where its newest runs are looked for
_LOOKED_AT = 100  # sessions of a case, for how a metric once was obtained


@dataclass(frozen=True)
class SeenRun:
    """A run of a series, with what it ran on; ``lab`` is the hash of its lab file."""

    id: int
    started: datetime
    host: str
    lab: str | None
    versions: Mapping[str, str]
    commit: str | None
    dirty: bool | None


class Beside(NamedTuple):
    """What a session ran with; ``reference`` is what its values are divided by where noise is looked at."""

    versions: Mapping[str, str]
    toolchain: str | None
    probe: str | None
    reference: float | None


@dataclass(frozen=True)
class Against:
    """The baseline's run, and what it holds of a metric."""

    run: StoredRun
    values: Mapping[Case, Held]


@dataclass(frozen=True)
class SeriesData:
    """``values`` of one ``metric``, obtained in one ``way``, with VALUE_COLUMNS, and what there is to choose.

    ``choice`` is what was asked for without what nothing is stored of; ``ignored`` is that. ``cases`` are
    those that are shown, that which got worst first, and ``matching`` how many there are. ``runs`` are those
    of the values, oldest first; ``beside`` tells of their sessions.
    """

    newest: RunHead | None
    choice: Choice
    ignored: list[str]
    metric: str | None
    metrics: list[str]
    models: list[str]
    boards: list[str]
    precisions: list[str]
    way: Way | None
    ways: list[Way]
    baselines: list[str]
    baseline: Against | None
    cases: list[Case]
    matching: int
    values: Rows
    runs: list[SeenRun]
    beside: Mapping[int, Beside]


def read_series(url: str | None, choice: Choice) -> SeriesData:
    """The values of the choice's metric, oldest first; without one, of the usual one or the first there is.

    Of more than LINES_MOST cases, those that it got worst of. Names in the choice that nothing is stored of
    are ignored. A session that ended before it had a value is a row whose ``value`` is None.
    StoreError when the database cannot be read.
    """
    with reading(url) as connection:
        newest = newest_run(connection)
        metrics = _metrics(connection)
        cases = known_cases(connection)
        known: dict[Filter, list[str]] = {
            which: sorted({getattr(case, which) for case in cases}) for which in FILTERS
        }
        kept = choice.within(known)
        ignored = [name for which in FILTERS for name in choice.names(which) if name not in known[which]]
        if choice.metric is not None and choice.metric not in metrics:
            kept = kept.of_metric(None)
            ignored.insert(0, choice.metric)
        usual = INSTRUCTIONS.name if INSTRUCTIONS.name in metrics else next(iter(metrics), None)
        metric = kept.metric or usual
        offered = (metrics, known["model"], known["board"], known["precision"])
        if metric is None:
            nothing: tuple[Any, ...] = ([], None, [], 0, [], [], {})
            return SeriesData(newest, kept, ignored, None, *offered, None, [], *nothing)
        wanted = [case for case in cases if _lets_through(kept, case)]
        return _of_metric(connection, engine.parse(url), newest, kept, ignored, metric, offered, wanted)


def _lets_through(choice: Choice, case: Case) -> bool:
    return all(not choice.names(which) or getattr(case, which) in choice.names(which) for which in FILTERS)


def _of_metric(
    connection: Connection,
    place: Any,
    newest: RunHead | None,
    choice: Choice,
    ignored: list[str],
    metric: str,
    offered: tuple[list[str], list[str], list[str], list[str]],
    everything: list[Case],
) -> SeriesData:
    held = newest_values(connection, metric, everything)
    ways = _ways(connection, metric, held, everything, choice.runs)
    if choice.way is not None and choice.way not in ways:
        ignored.append(choice.way.told)
        choice = choice.of_way(None)
    way = choice.way or next(iter(ways), None)
    named = sorted(baselines.current(connection).values(), key=lambda one: one.time, reverse=True)
    run, vain = _baseline(connection, choice, [one.name for one in named], place)
    if vain is not None:
        ignored.append(vain)
        choice = replace(choice, baseline=None)
    values: dict[Case, Held] = {}
    if way is not None and run is not None:
        values = values_of_run(connection, metric, way, run.id, set(everything))
    now = held.get(way, {}) if way is not None else {}
    cases = list(now)
    if way is not None and len(cases) > LINES_MOST:
        cases = ordered(connection, metric, way, now, _since(connection, choice.runs), values)
    if len(cases) < LINES_MOST:
        # Sessions of what never had a value may have failed; what has values of another way is shown there.
        elsewhere = set().union(*held.values()) if now else set()
        cases += [case for case in everything if case not in elsewhere][: LINES_MOST - len(cases)]
    if choice.skip >= len(cases):
        choice = replace(choice, skip=0)
    shown = cases[choice.skip : choice.skip + LINES_MOST]
    found = _history(connection, metric, way, shown, choice.runs)
    return SeriesData(
        newest,
        choice,
        ignored,
        metric,
        *offered,
        way,
        ways,
        [one.name for one in named],
        None if run is None else Against(run, values),
        shown,
        len(cases),
        *found,
    )


def _metrics(connection: Connection) -> list[str]:
    """The names of all metrics: a step of the index each, where DISTINCT would read all of it."""
    first = select(func.min(MEASURE.c.metric).label("name")).cte("metrics", recursive=True)
    after = select(func.min(MEASURE.c.metric)).where(MEASURE.c.metric > first.c.name).scalar_subquery()
    every = first.union_all(select(after).where(first.c.name.is_not(None)))
    return list(connection.scalars(select(every.c.name).where(every.c.name.is_not(None))))


def _ways(
    connection: Connection,
    metric: str,
    held: Mapping[Way, Mapping[Case, Held]],
    cases: Sequence[Case],
    runs: int,
) -> list[Way]:
    """How the metric is obtained, that first which most newest values are; then what once was.

    Of few cases older sessions are looked at, too; of a thousand runs every tenth.
    """
    techniques = lookup(metric).techniques
    order = list(text.METHODS)

    def key(way: Way) -> tuple[Any, ...]:
        place = order.index(way.method) if way.method in order else len(order)
        finer = -techniques.index(way.technique) if way.technique in techniques else 0
        return -len(held.get(way, ())), place, finer, way

    found = set(held)
    if len(cases) <= LINES_MOST:
        sessions = [one for case in cases for one in _some_sessions(connection, case, runs)]
        query = select(MEASURE.c.method, MEASURE.c.technique).where(
            MEASURE.c.session_id.in_(sessions), MEASURE.c.metric == metric
        )
        found |= {Way(*row) for row in connection.execute(query.distinct())}
    return sorted(found, key=key)


def _some_sessions(connection: Connection, case: Case, runs: int) -> Sequence[int]:
    """Of a case's newest sessions at most _LOOKED_AT, evenly: all where there are no more."""
    query = select(SESSION.c.id).where(*_is(case)).order_by(SESSION.c.started.desc()).limit(runs)
    numbers = connection.scalars(query).all()
    return numbers[:: -(-len(numbers) // _LOOKED_AT) or 1]


def _is(case: Case) -> list[Any]:
    return [SESSION.c[name] == held for name, held in zip(CASE_COLUMNS, case, strict=True)]


def _baseline(
    connection: Connection, choice: Choice, named: Sequence[str], place: Any
) -> tuple[StoredRun | None, str | None]:
    """The run to compare with, and what was asked for in vain."""
    vain = None
    for name in dict.fromkeys([choice.baseline, *named[:1]]):
        if not name:
            continue
        if name == NO_BASELINE:
            return None, None
        try:
            return baseline_run(connection, name, place), vain
        except StoreError:  # pruned, or never there
            vain = name if name == choice.baseline else vain
    return None, vain


def _since(connection: Connection, runs: int) -> datetime | None:
    """When the oldest of the newest runs began."""
    newest = select(RUN.c.started).where(is_no_trial()).order_by(RUN.c.started.desc()).limit(runs).subquery()
    found: datetime | None = connection.scalar(select(func.min(newest.c.started)))
    return found


def _history(
    connection: Connection, metric: str, way: Way | None, cases: Iterable[Case], runs: int
) -> tuple[Rows, list[SeenRun], dict[int, Beside]]:
    """The rows of the newest runs that have something of these cases, these runs, and what is beside."""
    rows = [row for case in cases for row in _newest_sessions(connection, metric, way, case, runs)]
    began = {row[_RUN]: row[_BEGAN] for row in rows}
    kept = sorted(began, key=lambda run: (began[run], run))[-runs:]
    places = {run: place for place, run in enumerate(kept)}
    rows = [row for row in rows if row[_RUN] in places]
    rows.sort(key=lambda row: (places[row[_RUN]], row[_SESSION], row[_MEASURE]))
    seen: dict[int, SeenRun] = {}
    beside: dict[int, Beside] = {}
    values: Rows = []
    for row in rows:
        conditions, _, _, host, lab, of_run, of_session, toolchain, probe, reference = row[_MORE:]
        values.append((*row[:_MORE], told(conditions)))
        session, run = row[_SESSION], row[_RUN]
        if run not in seen:
            seen[run] = SeenRun(run, began[run], host, lab, _versions(of_run), row[_COMMIT], row[_DIRTY])
        if session not in beside:
            by = None if way is None else divisor((metric, way.technique), reference)
            beside[session] = Beside(_versions(of_session), toolchain, probe, by)
    return checked(values), list(seen.values()), beside


# Where the columns of _newest_sessions stand: VALUE_COLUMNS but for the conditions, which are text, and more.
_SESSION, _RUN, _COMMIT, _DIRTY = (
    VALUE_COLUMNS.index(name) for name in ("session", "run", "commit", "dirty")
)
_MORE = len(VALUE_COLUMNS) - 1
_MEASURE, _BEGAN = _MORE + 1, _MORE + 2


def _newest_sessions(connection: Connection, metric: str, way: Way | None, case: Case, runs: int) -> Rows:
    """A case's sessions with a value, or that ended without one, in the newest runs that have such."""
    method, technique = way or ("", "")
    about = {"metric": metric, "method": method, "technique": technique, **case._asdict()}
    query = _sessions_of_a_case(divisor((metric, technique), 1.0) is not None)
    found: Rows = []
    for most in (runs, runs * _SESSIONS_OF_A_RUN):  # a run mostly has one
        found = [tuple(row) for row in connection.execute(query, {**about, "most": most})]
        if len(found) < most or len({row[_RUN] for row in found}) >= runs:
            break
    return found


@lru_cache
def _sessions_of_a_case(with_reference: bool) -> Select[*tuple[Any, ...]]:
    """Of a case, metric, method and technique, and at most so many: made once, as that takes its time."""
    of_way = and_(
        MEASURE.c.session_id == SESSION.c.id,
        *(MEASURE.c[name] == bindparam(name) for name in ("metric", "method", "technique")),
    )
    is_it = [SESSION.c[name] == bindparam(name) for name in CASE_COLUMNS]
    reference: ColumnElement[Any] = null()
    if with_reference:
        held = MEASURE.alias().c
        reference = (
            select(func.max(held.value))
            .where(held.session_id == SESSION.c.id, held.metric == REFERENCE_S.name)
            .correlate(SESSION)
            .scalar_subquery()
        )
    return (
        select(
            *selects.session_columns(),
            *(MEASURE.c[name] for name in MEASURE_COLUMNS if name != "conditions"),
            cast(MEASURE.c.conditions, Text),
            MEASURE.c.id,
            RUN.c.started,
            RUN.c.host,
            RUN.c.lab_sha256,
            cast(RUN.c.versions, Text),
            cast(SESSION.c.versions, Text),
            IMAGE.c.toolchain,
            SESSION.c.probe,
            reference,
        )
        .join(RUN, RUN.c.id == SESSION.c.run_id)
        .outerjoin(IMAGE, IMAGE.c.id == SESSION.c.image_id)
        .outerjoin(MEASURE, of_way)
        .where(*is_it, is_no_trial(), or_(MEASURE.c.id.is_not(None), SESSION.c.status != Status.FINISHED))
        .order_by(SESSION.c.started.desc(), SESSION.c.id.desc())
        .limit(bindparam("most"))
    )


@lru_cache(maxsize=1024)
def _versions(held: str) -> Mapping[str, str]:
    found = json.loads(held)
    if not isinstance(found, dict):
        raise TypeError(f"the versions of a run are {held!r:.40}")
    return {str(name): str(version) for name, version in found.items()}
