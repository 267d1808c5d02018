"""Looking at everything that a database holds: whether it can be read, and fits together."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Connection, Table, and_, func, select
from sqlalchemy.exc import DBAPIError

from hil.errors import StoreError
from hil_db import codec, engine, logs, newest, profiles, progress, symbols
from hil_db.records import Status
from hil_db.schema import (
    IMAGE,
    METADATA,
    NEWEST_SESSION,
    NEWEST_VALUE,
    POWER_PASS,
    POWER_TRACE,
    PROFILE,
    PROGRESS,
    RUN,
    SAMPLE,
    SESSION,
    SESSION_LOG,
)
from hil_db.store import Store

_AT_ONCE = 500  # rows that are held in memory
_MOST_TOLD = 20
_YOUNG_S = 60.0  # a transaction that gives a file its name ends sooner


@dataclass(frozen=True)
class Checked:
    """How much was looked at, and a line for each thing that is damaged."""

    place: str
    counts: dict[str, int]
    damaged: tuple[str, ...]


def check(url: str | None) -> Checked:
    """Read every row and blob; StoreError when the database cannot even be opened."""
    with Store.open_read_only(url) as store, store.engine.connect() as connection:
        damaged: list[str] = []
        held = _held(store)  # before what is stored is looked at: what comes later is known to neither
        traces = partial(_traces, store=store, held=held)
        for look in (_of_sqlite, _rows, _samples, _symbols, _profiles, _logs, _newest, _progress, traces):
            damaged += _found(look, connection, store)
        counts = {}
        if not damaged:
            for table in (RUN, SESSION, IMAGE, SAMPLE, POWER_TRACE):
                counts[table.name] = connection.scalar(select(func.count()).select_from(table)) or 0
        return Checked(engine.shown(store.url), counts, tuple(damaged))


def _found(look: Callable[[Connection], Iterator[str]], connection: Connection, store: Store) -> list[str]:
    """What one look tells, and what kept it from going on."""
    found: list[str] = []
    try:
        with engine.explained(store.url):
            for line in look(connection):
                found.append(line)
                if len(found) == _MOST_TOLD:
                    found.append("and more of the kind")
                    break
    except StoreError as error:
        found.append(str(error))
    return found


def _of_sqlite(connection: Connection) -> Iterator[str]:
    """What SQLite itself finds: pages, indexes, rows that refer to none; a server looks after its own."""
    if connection.dialect.name != "sqlite":
        return
    told = connection.exec_driver_sql(f"PRAGMA integrity_check({_MOST_TOLD})").scalars().all()
    yield from (f"integrity: {line}" for line in told if line != "ok")
    for table, row, parent, _ in connection.exec_driver_sql("PRAGMA foreign_key_check"):
        yield f"{table} {row} refers to a {parent} that is not there"


def _rows(connection: Connection) -> Iterator[str]:
    """Dates, JSON and numbers that cannot be read: a table at a time, then row by row where one is."""
    for table in METADATA.sorted_tables:
        columns = [column for column in table.c if column.name not in ("blob", "symbols")]
        keys = list(table.primary_key)
        try:
            for _ in connection.execution_options(yield_per=_AT_ONCE).execute(select(*columns)):
                pass
        except (ValueError, TypeError, DBAPIError):
            yield from _row_by_row(connection, table, columns, keys)


def _row_by_row(
    connection: Connection, table: Table, columns: Sequence[Any], keys: Sequence[Any]
) -> Iterator[str]:
    for key in connection.execute(select(*keys)).all():
        one = and_(*(column == value for column, value in zip(keys, key, strict=True)))
        try:
            connection.execute(select(*columns).where(one)).all()
        except (ValueError, TypeError) as error:
            yield f"{table.name} {', '.join(map(str, key))} cannot be read: {error}"


def _samples(connection: Connection) -> Iterator[str]:
    for row in _streamed(connection, SAMPLE):
        what = f"the blob of {row.metric} ({row.technique}) of session {row.session_id}"
        try:
            codec.unpack(row.blob, row.dtype, row.count, row.codec, what)
        except StoreError as error:
            yield f"{error.what}: {error.evidence}"


def _symbols(connection: Connection) -> Iterator[str]:
    for row in _streamed(connection, IMAGE):
        try:
            if row.symbols is not None:
                symbols.unpack(row.symbols)
        except (ValueError, TypeError) as error:
            yield f"the symbols of image {row.id} ({row.model}/{row.precision}): {error}"


def _streamed(connection: Connection, table: Table) -> Iterator[Any]:
    """A table's rows, some at a time; what a damaged one of them holds is for others to tell."""
    numbers = connection.scalars(select(table.c.id).order_by(table.c.id)).all()
    text = [column for column in table.c if column.name not in ("sections", "toolchain")]
    for start in range(0, len(numbers), _AT_ONCE):
        part = numbers[start : start + _AT_ONCE]
        of_part = table.c.id.between(part[0], part[-1])
        yield from connection.execute(select(*text).where(of_part).order_by(table.c.id))


def _profiles(connection: Connection) -> Iterator[str]:
    for session in connection.scalars(select(PROFILE.c.session_id)).all():
        try:
            profiles.read(connection, [session])
        except (ValueError, TypeError) as error:
            yield f"the profile of session {session}: {error}"


def _logs(connection: Connection) -> Iterator[str]:
    for session in connection.scalars(select(SESSION_LOG.c.session_id)).all():
        try:
            logs.read(connection, session)
        except (ValueError, TypeError) as error:
            yield f"the log of session {session}: {error}"


def _progress(connection: Connection) -> Iterator[str]:
    """What is told of runs in progress, and whether those have ended."""
    about = select(PROGRESS.c.run_uid, RUN.c.id, RUN.c.status)
    for uid, run, status in connection.execute(
        about.outerjoin(RUN, RUN.c.uid == PROGRESS.c.run_uid).order_by(PROGRESS.c.run_uid)
    ).all():
        told = select(PROGRESS.c.plan, PROGRESS.c.state).where(PROGRESS.c.run_uid == uid)
        try:
            progress.progress_of(*connection.execute(told).one())
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            yield f"the progress of run {run or uid} cannot be read: {error!r}"
        if run is not None and status != Status.RUNNING:
            yield f"run {run} has ended, and is still told to be in progress"


def _held(store: Store) -> dict[str, int]:
    """The files of traces; those that have just come, and are perhaps not told by a row yet, are left out."""
    traces = store.shelf.traces
    return {} if traces is None else dict(traces.held(older_s=_YOUNG_S))


def _traces(connection: Connection, store: Store, held: dict[str, int]) -> Iterator[str]:
    """Files of traces that are missing, damaged, or nobody's."""
    traces = store.shelf.traces
    if traces is None:
        return
    here = socket.gethostname()
    told = set()
    query = (
        select(POWER_TRACE.c.sha256, SESSION.c.id, RUN.c.id, RUN.c.host)
        .outerjoin(POWER_PASS, POWER_PASS.c.trace_id == POWER_TRACE.c.id)
        .outerjoin(SESSION, SESSION.c.id == POWER_PASS.c.session_id)
        .outerjoin(RUN, RUN.c.id == SESSION.c.run_id)
        .order_by(POWER_TRACE.c.id, SESSION.c.id)
    )
    for sha256, session, run, host in connection.execute(query).all():
        if sha256 in told:
            continue
        told.add(sha256)
        elsewhere = connection.dialect.name != "sqlite" and host != here and not traces.path(sha256).exists()
        wrong = None if elsewhere else traces.wrong(sha256)
        if wrong is not None:
            yield f"the power trace {traces.path(sha256)} of session {session} of run {run} {wrong}"
    for sha256 in sorted(held.keys() - told):
        yield f"the power trace {traces.path(sha256)} is no session's; `hil db prune` deletes it"
    for file in sorted(traces.strangers()):
        yield f"{file} is no power trace"


def _newest(connection: Connection) -> Iterator[str]:
    """Whether what is derived is what it is derived from."""
    for table, derived in ((NEWEST_SESSION, newest.sessions()), (NEWEST_VALUE, newest.values())):
        names = (*(column.name for column in table.primary_key), "session_id")
        right = derived.subquery()
        held, told = (
            {tuple(row) for row in connection.execute(select(*(one.c[name] for name in names)))}
            for one in (table, right)
        )
        for *what, session in sorted(held ^ told):
            word = "wrongly names" if (*what, session) in held else "lacks"
            yield f"{table.name} {word} session {session} for {'/'.join(what)}"
