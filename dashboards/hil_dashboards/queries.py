"""What the pages ask the database; each call opens it, reads one consistent state, and closes it again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, select

from hil.metrics import INSTRUCTIONS
from hil.text.wording import conditions_text
from hil_dashboards import selects
from hil_dashboards.choice import FILTERS, Choice, Filter, ProfileChoice, TraceChoice
from hil_dashboards.data import (
    VALUE_COLUMNS,
    MatrixData,
    ProfileData,
    Rows,
    RunHead,
    SeriesData,
    TraceData,
)
from hil_dashboards.selects import Statement
from hil_db import engine, faults, profiles, shelf
from hil_db.liveness import status_now
from hil_db.references import latest_run
from hil_db.schema import INCIDENT, MEASURE, RUN, SESSION
from hil_db.store import Store
from hil_db.traced import StoredPass, read_passes

INCIDENTS_MOST = 5
PROFILES_MOST = 12  # so many runs are there to choose from

_NUMBERS = [VALUE_COLUMNS.index(name) for name in ("vectors", "value", "resolution", "low", "high")]


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
    with reading(url) as connection:
        return MatrixData(
            newest_run(connection),
            _rows(connection, selects.newest_sessions()),
            _values(connection, selects.newest_values()),
            _rows(connection, selects.most_vectors()),
            _rows(connection, selects.profiled_cases()),
            _rows(connection, selects.traced_cases()),
        )


def read_series(url: str | None, choice: Choice) -> SeriesData:
    """Every value of the choice's metric, oldest first; without one, of the usual one or the first there is.

    Names in the choice that nothing is stored of are ignored.
    A session that ended before it had a value is a row whose ``value`` is None.
    StoreError when the database cannot be read.
    """
    with reading(url) as connection:
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
        usual = INSTRUCTIONS.name if INSTRUCTIONS.name in metrics else next(iter(metrics), None)
        metric = kept.metric or usual
        return SeriesData(
            newest_run(connection),
            kept,
            ignored,
            metric,
            metrics,
            known["model"],
            known["board"],
            known["precision"],
            _values(connection, selects.series(kept, metric)) if metric else [],
        )


def read_profile(url: str | None, choice: ProfileChoice) -> ProfileData:
    """The choice's newest profile, or that of its run. StoreError when the database cannot be read."""
    with reading(url) as connection:
        newest = newest_run(connection)
        known = list(connection.scalars(selects.profiled_runs(choice, PROFILES_MOST)))
        session_id = connection.scalar(selects.profiled_session(choice))
        if session_id is None:
            return ProfileData(newest, known, None, None, None)
        (session,) = _rows(connection, selects.one_session(session_id))
        profile = profiles.read(connection, [session_id])[session_id]
        cycles = _values(connection, selects.cycles(session_id, profile.technique))
        return ProfileData(newest, known, session, profile, next(iter(cycles), None))


def read_trace(url: str | None, choice: TraceChoice) -> TraceData:
    """What a power probe saw of the choice's session. StoreError when the database cannot be read."""
    kept = shelf.of(engine.parse(url))
    with reading(url) as connection:
        newest = newest_run(connection)
        session_id = connection.scalar(selects.traced_session(choice)) if choice.complete else None
        if session_id is None:
            return TraceData(newest, None, (), [], (), kept)
        (session,) = _rows(connection, selects.one_session(session_id))
        passes = read_passes(connection, select(SESSION.c.id).where(SESSION.c.id == session_id))
        values = _values(connection, selects.power_values(session_id))
        others = connection.execute(selects.traced_runs(session_id, PROFILES_MOST)).all()
        runs = tuple((run, other) for run, other in others)
        return TraceData(newest, session, tuple(passes), values, runs, kept)


def read_pass(url: str | None, session: int, number: int) -> StoredPass | None:
    """One pass; None when there is no such. StoreError when the database cannot be read."""
    with reading(url) as connection:
        passes = read_passes(connection, select(SESSION.c.id).where(SESSION.c.id == session))
    return next((one for one in passes if one.number == number), None)


@contextmanager
def reading(url: str | None) -> Iterator[Connection]:
    """One consistent state of the database, to read alone. StoreError when it cannot be read."""
    with (
        Store.open_read_only(url) as store,
        engine.explained(store.url),
        store.engine.connect() as connection,
    ):
        yield connection


def _rows(connection: Connection, query: Statement) -> Rows:
    return [tuple(row) for row in connection.execute(query)]


def _values(connection: Connection, query: Statement) -> Rows:
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


def newest_run(connection: Connection) -> RunHead | None:
    """What heads the pages; None without a run that has results."""
    latest = latest_run().scalar_subquery()
    run = connection.execute(select(RUN).where(RUN.c.id == latest)).one_or_none()
    if run is None:
        return None
    status = status_now(run.status, run.host, run.pid, run.pid_birth)
    of_commit = (run.git_commit, run.git_dirty, run.git_note)
    return RunHead(run.id, run.started, status, run.host, *of_commit, _incidents(connection, run.id))


def _incidents(connection: Connection, run: int) -> tuple[str, ...]:
    query = select(INCIDENT).where(INCIDENT.c.run_id == run).order_by(INCIDENT.c.time, INCIDENT.c.id)
    found = connection.execute(query.limit(INCIDENTS_MOST + 1)).all()
    told = [f"{one.board}: {one.kind}: {one.action}" for one in found[:INCIDENTS_MOST]]
    more = ["and more; `hil export --incidents` prints all"] if len(found) > INCIDENTS_MOST else []
    return (*told, *more)
