"""What the pages ask the database; each call opens it, reads one consistent state, and closes it again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Select, Text, and_, cast, func, or_, select

from hil.measure.profile import Profile
from hil.metrics import INSTRUCTIONS, LATENCY_CYCLES, MATRIX, VECTORS
from hil.text.wording import conditions_text
from hil_dashboards.choice import FILTERS, Choice, Filter, ProfileChoice
from hil_db import engine, faults, profiles
from hil_db.export import latest_run
from hil_db.liveness import status_now
from hil_db.records import Status
from hil_db.schema import IMAGE, MEASURE, PROFILE, RUN, SESSION
from hil_db.store import Store

USUAL_METRIC = INSTRUCTIONS.name
CYCLES_METRIC = LATENCY_CYCLES.name

SESSION_COLUMNS = (
    "session",
    "run",
    "time",
    "board",
    "kind",
    "model",
    "precision",
    "status",
    "error",
    "commit",
    "dirty",
    "note",
    "image",
    "vectors",
)
VALUE_COLUMNS = (  # conditions are told in words, empty without any
    *SESSION_COLUMNS,
    "metric",
    "value",
    "unit",
    "method",
    "technique",
    "resolution",
    "low",
    "high",
    "conditions",
)

_NUMBERS = [VALUE_COLUMNS.index(name) for name in ("vectors", "value", "resolution", "low", "high")]

CASE_COLUMNS = ("board", "kind", "model", "precision")
MOST_COLUMNS = (*CASE_COLUMNS, "most")
PROFILES_MOST = 12  # so many runs are there to choose from

Rows = list[tuple[Any, ...]]


@dataclass(frozen=True)
class RunHead:
    """One run with its status as of now; ``started`` is in UTC, ``note`` what its commit does not tell."""

    id: int
    started: datetime
    status: Status
    host: str
    commit: str | None
    dirty: bool | None
    note: str | None


@dataclass(frozen=True)
class MatrixData:
    """``sessions`` has SESSION_COLUMNS, ``values`` VALUE_COLUMNS, ``most`` MOST_COLUMNS.

    ``most`` is the largest number of vectors a session of each case ever took; ``profiled`` (CASE_COLUMNS)
    are the cases of which a profile is stored. ``newest`` is None without a run that has results.
    """

    newest: RunHead | None
    sessions: Rows
    values: Rows
    most: Rows
    profiled: Rows


@dataclass(frozen=True)
class SeriesData:
    """``values`` of one ``metric``, with VALUE_COLUMNS, and what there is to choose from.

    ``choice`` is what was asked for without what nothing is stored of; ``ignored`` is that.
    """

    newest: RunHead | None
    choice: Choice
    ignored: list[str]
    metric: str | None
    metrics: list[str]
    models: list[str]
    boards: list[str]
    precisions: list[str]
    values: Rows


@dataclass(frozen=True)
class ProfileData:
    """The profile of one session, and its estimate.

    ``session`` has SESSION_COLUMNS and ``cycles`` VALUE_COLUMNS: what the profile's technique says an
    inference takes. ``runs`` are the newest that have a profile of the same case. Without one, ``session``
    and ``profile`` are None.
    """

    newest: RunHead | None
    runs: list[int]
    session: tuple[Any, ...] | None
    profile: Profile | None
    cycles: tuple[Any, ...] | None


def exists(url: str | None) -> bool:
    """False when the database is a file that nobody has made yet."""
    path = engine.file_of(engine.parse(url))
    if path is None:
        return True
    try:
        return path.exists()
    except OSError as error:  # its folder may not be looked into
        raise faults.closed(path, error) from error


def read_matrix(url: str | None) -> MatrixData:
    """The newest session of each board, model and precision, and the newest value of each metric.

    Values come from finished sessions. StoreError when the database cannot be read.
    """
    with _reading(url) as connection:
        return MatrixData(
            _newest_run(connection),
            _rows(connection, _newest_sessions()),
            _values(connection, _newest_values()),
            _rows(connection, _most_vectors()),
            _rows(connection, _profiled().with_only_columns(*_CASE).distinct()),
        )


def read_series(url: str | None, choice: Choice) -> SeriesData:
    """Every value of the choice's metric, oldest first; without one, of USUAL_METRIC or the first there is.

    Names in the choice that nothing is stored of are ignored.
    A session that ended before it had a value is a row whose ``value`` is None.
    StoreError when the database cannot be read.
    """
    with _reading(url) as connection:
        metrics = _names(connection, MEASURE.c.metric)
        known: dict[Filter, list[str]] = {
            "model": _names(connection, SESSION.c.model),
            "board": _names(connection, SESSION.c.board),
            "precision": _names(connection, SESSION.c.precision),
        }
        kept = choice.within(known)
        ignored = [name for which in FILTERS for name in choice.names(which) if name not in known[which]]
        if choice.metric is not None and choice.metric not in metrics:
            kept = replace(kept, metric=None)
            ignored.insert(0, choice.metric)
        usual = USUAL_METRIC if USUAL_METRIC in metrics else next(iter(metrics), None)
        metric = kept.metric or usual
        return SeriesData(
            _newest_run(connection),
            kept,
            ignored,
            metric,
            metrics,
            known["model"],
            known["board"],
            known["precision"],
            _values(connection, _series(kept, metric)) if metric else [],
        )


def read_profile(url: str | None, choice: ProfileChoice) -> ProfileData:
    """The choice's newest profile, or that of its run. StoreError when the database cannot be read."""
    with _reading(url) as connection:
        newest = _newest_run(connection)
        wanted = _profiled().where(
            SESSION.c.board == choice.board,
            SESSION.c.kind == choice.kind,
            SESSION.c.model == choice.model,
            SESSION.c.precision == choice.precision,
        )
        runs = wanted.with_only_columns(SESSION.c.run_id).group_by(SESSION.c.run_id).order_by(*_newest_runs())
        known = list(connection.scalars(runs.limit(PROFILES_MOST)))
        if choice.run is not None:
            wanted = wanted.where(SESSION.c.run_id == choice.run)
        session_id = connection.scalar(
            wanted.with_only_columns(SESSION.c.id).order_by(*_NEWEST_FIRST).limit(1)
        )
        if session_id is None:
            return ProfileData(newest, known, None, None, None)
        (session,) = _rows(connection, _sessions().where(SESSION.c.id == session_id))
        profile = profiles.read(connection, [session_id])[session_id]
        cycles = _values(connection, _cycles(session_id, profile.technique))
        return ProfileData(newest, known, session, profile, next(iter(cycles), None))


@contextmanager
def _reading(url: str | None) -> Iterator[Connection]:
    with (
        Store.open_read_only(url) as store,
        engine.explained(store.url),
        store.engine.connect() as connection,
    ):
        yield connection


def _rows(connection: Connection, query: Select[*tuple[Any, ...]]) -> Rows:
    return [tuple(row) for row in connection.execute(query)]


def _values(connection: Connection, query: Select[*tuple[Any, ...]]) -> Rows:
    """Rows with VALUE_COLUMNS. The same few conditions stand beside all of them: each is read once."""
    rows = [(*cells, _told(conditions)) for *cells, conditions in connection.execute(query)]
    for row in rows:
        for place in _NUMBERS:  # SQLite keeps whatever a column is given
            if isinstance(row[place], str | bytes):
                raise TypeError(f"a {VALUE_COLUMNS[place]} is {row[place]!r:.40}")
    return rows


@lru_cache
def _told(conditions: str | None) -> str:
    held = json.loads(conditions or "{}")
    if not isinstance(held, dict):
        raise TypeError(f"the conditions of a measure are {held!r:.40}")
    return conditions_text(held)


def _names(connection: Connection, column: Any) -> list[str]:
    return sorted(connection.scalars(select(column).distinct()))


def _newest_run(connection: Connection) -> RunHead | None:
    latest = latest_run().scalar_subquery()
    run = connection.execute(select(RUN).where(RUN.c.id == latest)).one_or_none()
    if run is None:
        return None
    status = status_now(run.status, run.host, run.pid, run.pid_birth)
    return RunHead(run.id, run.started, status, run.host, run.git_commit, run.git_dirty, run.git_note)


# A session may be stored long after it ran (`hil store`): its number does not say which is newest.
_NEWEST_FIRST = (SESSION.c.started.desc(), SESSION.c.id.desc())
_CASE = (SESSION.c.board, SESSION.c.kind, SESSION.c.model, SESSION.c.precision)
_MEASURE = (
    MEASURE.c.metric,
    MEASURE.c.value,
    MEASURE.c.unit,
    MEASURE.c.method,
    MEASURE.c.technique,
    MEASURE.c.resolution,
    MEASURE.c.low,
    MEASURE.c.high,
    cast(MEASURE.c.conditions, Text),
)


def _session_columns() -> Sequence[Any]:
    counted = MEASURE.alias().c
    vectors = (
        select(func.max(counted.value))
        .where(counted.session_id == SESSION.c.id, counted.metric == VECTORS.name)
        .correlate(SESSION)
        .scalar_subquery()
    )
    return (
        SESSION.c.id,
        SESSION.c.run_id,
        SESSION.c.started,
        *_CASE,
        SESSION.c.status,
        SESSION.c.error,
        RUN.c.git_commit,
        RUN.c.git_dirty,
        RUN.c.git_note,
        IMAGE.c.sha256,
        vectors,
    )


def _sessions(*more: Any) -> Select[*tuple[Any, ...]]:
    return (
        select(*_session_columns(), *more)
        .join(RUN, RUN.c.id == SESSION.c.run_id)
        .outerjoin(IMAGE, IMAGE.c.id == SESSION.c.image_id)
    )


def _newest_runs() -> tuple[Any, ...]:
    return func.max(SESSION.c.started).desc(), SESSION.c.run_id.desc()


def _newest_sessions() -> Select[*tuple[Any, ...]]:
    place = func.row_number().over(partition_by=_CASE, order_by=_NEWEST_FIRST)
    ranked = select(SESSION.c.id, place.label("place")).subquery()
    newest = select(ranked.c.id).where(ranked.c.place == 1)
    return _sessions().where(SESSION.c.id.in_(newest)).order_by(*_CASE)


def _newest_values() -> Select[*tuple[Any, ...]]:
    place = func.rank().over(partition_by=(*_CASE, MEASURE.c.metric), order_by=_NEWEST_FIRST)
    ranked = (
        select(SESSION.c.id.label("session_id"), MEASURE.c.metric.label("metric"), place.label("place"))
        .join(MEASURE, MEASURE.c.session_id == SESSION.c.id)
        .where(SESSION.c.status == Status.FINISHED, MEASURE.c.metric.in_([metric.name for metric in MATRIX]))
        .subquery()
    )
    newest = (
        select(ranked.c.session_id, ranked.c.metric)
        .where(ranked.c.place == 1)
        .distinct()  # a metric may have values by several techniques
        .subquery()
    )
    return (
        _sessions(*_MEASURE)
        .join(MEASURE, MEASURE.c.session_id == SESSION.c.id)
        .join(newest, and_(newest.c.session_id == SESSION.c.id, newest.c.metric == MEASURE.c.metric))
        .order_by(*_CASE, MEASURE.c.id)
    )


def _profiled() -> Select[*tuple[Any, ...]]:
    return (
        select(SESSION.c.id)
        .join(PROFILE, PROFILE.c.session_id == SESSION.c.id)
        .where(SESSION.c.status == Status.FINISHED)
    )


def _cycles(session_id: int, technique: str) -> Select[*tuple[Any, ...]]:
    return (
        _sessions(*_MEASURE)
        .join(MEASURE, MEASURE.c.session_id == SESSION.c.id)
        .where(
            SESSION.c.id == session_id,
            MEASURE.c.metric == CYCLES_METRIC,
            MEASURE.c.technique == technique,
        )
    )


def _most_vectors() -> Select[*tuple[Any, ...]]:
    return (
        select(*_CASE, func.max(MEASURE.c.value))
        .join(MEASURE, MEASURE.c.session_id == SESSION.c.id)
        .where(MEASURE.c.metric == VECTORS.name)
        .group_by(*_CASE)
    )


def _series(choice: Choice, metric: str) -> Select[*tuple[Any, ...]]:
    filters = (
        (SESSION.c.model, choice.model),
        (SESSION.c.board, choice.board),
        (SESSION.c.precision, choice.precision),
    )
    of_metric = and_(MEASURE.c.session_id == SESSION.c.id, MEASURE.c.metric == metric)
    told = or_(MEASURE.c.id.is_not(None), SESSION.c.status != Status.FINISHED)
    wanted = and_(told, *(column.in_(names) for column, names in filters if names))
    runs = (
        select(SESSION.c.run_id)
        .outerjoin(MEASURE, of_metric)
        .where(wanted)
        .group_by(SESSION.c.run_id)
        .order_by(*_newest_runs())
        .limit(choice.runs)
        .subquery()
    )
    return (
        _sessions(*_MEASURE)
        .outerjoin(MEASURE, of_metric)
        .where(wanted, SESSION.c.run_id.in_(select(runs.c.run_id)))
        .order_by(RUN.c.started, SESSION.c.run_id, SESSION.c.id, MEASURE.c.id)
    )
