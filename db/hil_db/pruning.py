"""Deleting old runs, or their raw samples alone; never those that a baseline names."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, delete, func, select

from hil_db import baselines, engine, newest
from hil_db.liveness import status_now
from hil_db.records import Status
from hil_db.schema import IMAGE, INCIDENT, OF_SESSIONS, RUN, SAMPLE, SESSION
from hil_db.store import Store


@dataclass(frozen=True)
class Limits:
    """What is kept: the newest ``runs``, and those of the last days; a run goes when neither keeps it.

    With ``samples_only`` runs stay and lose their raw samples.
    """

    runs: int | None = None
    days: float | None = None
    samples_only: bool = False


@dataclass(frozen=True)
class Pruned:
    """What goes, or has gone: the numbers of runs, sessions, bytes of samples; ``kept`` kept runs by name."""

    place: str
    runs: tuple[int, ...]
    sessions: int
    sample_bytes: int
    kept: tuple[str, ...]


def prune(url: str | None, limits: Limits, *, really: bool) -> Pruned:
    """Delete what the limits do not keep, run by run, or only say what that would be.

    Others may read and write meanwhile. Runs that go on, and those that baselines name, stay.
    """
    opened = Store.open(url) if really else Store.open_read_only(url)
    with opened as store, engine.explained(store.url):
        with engine.looking(store.engine).connect() as connection:
            runs, kept = _chosen(connection, limits)
            held = select(SESSION.c.id).where(SESSION.c.run_id.in_(runs))
            sessions = connection.scalar(select(func.count()).select_from(held.subquery())) or 0
            of_samples = select(func.sum(func.length(SAMPLE.c.blob))).where(SAMPLE.c.session_id.in_(held))
            found = Pruned(
                engine.shown(store.url), tuple(runs), sessions, int(connection.scalar(of_samples) or 0), kept
            )
        if really:
            for run in runs:
                with store.writing() as connection:
                    _delete(connection, run, limits.samples_only)
            with store.writing() as connection:
                used = select(SESSION.c.image_id).where(SESSION.c.image_id.is_not(None))
                connection.execute(delete(IMAGE).where(IMAGE.c.id.not_in(used)))
            _give_back(store)
        return found


def _chosen(connection: Connection, limits: Limits) -> tuple[list[int], tuple[str, ...]]:
    """The runs that go, oldest first, and the baselines that kept one."""
    rows = connection.execute(select(RUN).order_by(RUN.c.started.desc(), RUN.c.id.desc())).all()
    since = None if limits.days is None else datetime.now(UTC) - timedelta(days=limits.days)
    named = {one.run_uid: one.name for one in baselines.current(connection).values()}
    going: list[int] = []
    kept: list[str] = []
    for place, row in enumerate(rows):
        if limits.runs is not None and place < limits.runs:
            continue
        if since is not None and row.started >= since:
            continue
        if status_now(row.status, row.host, row.pid, row.pid_birth) is Status.RUNNING:
            continue
        if row.uid in named:
            kept.append(named[row.uid])
        else:
            going.append(row.id)
    return going[::-1], tuple(sorted(kept))


def _delete(connection: Connection, run: int, samples_only: bool) -> None:
    gone = select(SESSION.c.id).where(SESSION.c.run_id == run)
    if samples_only:
        connection.execute(delete(SAMPLE).where(SAMPLE.c.session_id.in_(gone)))
        return
    newest.forget(connection, run)
    for table in reversed(OF_SESSIONS):
        connection.execute(delete(table).where(table.c.session_id.in_(gone)))
    connection.execute(delete(INCIDENT).where(INCIDENT.c.run_id == run))
    connection.execute(delete(SESSION).where(SESSION.c.run_id == run))
    connection.execute(delete(RUN).where(RUN.c.id == run))


def _give_back(store: Store) -> None:
    """Let the file shrink; where somebody else uses it, or the disk is full, what is free is used again."""
    if store.engine.dialect.name != "sqlite":
        return
    connection = store.engine.raw_connection()
    try:
        connection.cursor().execute("VACUUM").close()
    except sqlite3.OperationalError:
        pass
    finally:
        connection.close()
