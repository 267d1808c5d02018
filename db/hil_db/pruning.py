"""Deleting old runs, or their raw samples or power traces alone; never those that a baseline names."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, delete, func, select, update

from hil_db import baselines, engine, newest
from hil_db.liveness import status_now
from hil_db.records import Status
from hil_db.schema import (
    IMAGE,
    INCIDENT,
    OF_SESSIONS,
    POWER_PASS,
    POWER_TRACE,
    PROGRESS,
    RUN,
    SAMPLE,
    SESSION,
)
from hil_db.store import Store, remove_dead, remove_progress

_LOST_DAYS = 1.0


@dataclass(frozen=True)
class Limits:
    """What is kept: the newest ``runs``, and those of the last days; a run goes when neither keeps it.

    With ``samples_only`` runs stay and lose their raw samples, with ``traces_only`` their power traces: those
    of the oldest first, as long as all take more than ``traces_most`` bytes.
    """

    runs: int | None = None
    days: float | None = None
    samples_only: bool = False
    traces_only: bool = False
    traces_most: int = 0


@dataclass(frozen=True)
class Pruned:
    """What goes, or has gone: the numbers of runs, sessions, bytes of samples; ``kept`` kept runs by name.

    ``traces`` are the power traces that no run needs any more, of ``trace_bytes``; ``left`` bytes stay.
    """

    place: str
    runs: tuple[int, ...]
    sessions: int
    sample_bytes: int
    kept: tuple[str, ...]
    traces: int = 0
    trace_bytes: int = 0
    left_bytes: int = 0


def prune(url: str | None, limits: Limits, *, really: bool) -> Pruned:
    """Delete what the limits do not keep, run by run, or only say what that would be.

    Others may read and write meanwhile. Runs that go on, and those that baselines name, stay, with their
    traces. A trace goes when the last run that has it does. Files of traces that no session has go too.
    """
    opened = Store.open(url) if really else Store.open_read_only(url)
    with opened as store, engine.explained(store.url):
        with engine.looking(store.engine).connect() as connection:
            found = _found(connection, limits, engine.shown(store.url))
        if really:
            for run in found.runs:
                with store.writing() as connection:
                    _delete(connection, run, limits)
            with store.writing() as connection:
                used = select(SESSION.c.image_id).where(SESSION.c.image_id.is_not(None))
                connection.execute(delete(IMAGE).where(IMAGE.c.id.not_in(used)))
                _forget_lost(connection)
            store.clear_traces()
            _give_back(store)
        return found


def _found(connection: Connection, limits: Limits, place: str) -> Pruned:
    runs, kept = _chosen(connection, limits)
    traces = _Traces.of(connection)
    if limits.traces_only:
        runs = traces.oldest(runs, limits.traces_most)
    held = select(SESSION.c.id).where(SESSION.c.run_id.in_(runs))
    sessions = connection.scalar(select(func.count()).select_from(held.subquery())) or 0
    of_samples = select(func.sum(func.length(SAMPLE.c.blob))).where(SAMPLE.c.session_id.in_(held))
    going = set() if limits.samples_only else traces.going(runs)
    size = sum(traces.size[trace] for trace in going)
    return Pruned(
        place,
        tuple(runs),
        sessions,
        0 if limits.traces_only else int(connection.scalar(of_samples) or 0),
        kept,
        len(going),
        size,
        sum(traces.size.values()) - size,
    )


@dataclass(frozen=True)
class _Traces:
    """The bytes of each trace, and the runs that have it."""

    size: dict[int, int]
    runs: dict[int, set[int]]

    @classmethod
    def of(cls, connection: Connection) -> _Traces:
        size = {
            row.id: row.bytes for row in connection.execute(select(POWER_TRACE.c.id, POWER_TRACE.c.bytes))
        }
        runs: dict[int, set[int]] = {trace: set() for trace in size}
        join = select(POWER_PASS.c.trace_id, SESSION.c.run_id).join(
            SESSION, SESSION.c.id == POWER_PASS.c.session_id
        )
        for trace, run in connection.execute(join.where(POWER_PASS.c.trace_id.is_not(None)).distinct()):
            runs[trace].add(run)
        return cls(size, runs)

    def going(self, runs: Collection[int]) -> set[int]:
        """Those that only these runs have, or none."""
        gone = set(runs)
        return {trace for trace, of in self.runs.items() if of <= gone}

    def oldest(self, runs: Sequence[int], most: int) -> list[int]:
        """Of the runs, oldest first, those with traces, as many as have to lose them."""
        having = set().union(*self.runs.values())
        found: list[int] = []
        left = sum(self.size.values())
        for run in runs:
            if left <= most:
                break
            if run in having:
                found.append(run)
                left = sum(self.size.values()) - sum(self.size[trace] for trace in self.going(found))
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


def _delete(connection: Connection, run: int, limits: Limits) -> None:
    gone = select(SESSION.c.id).where(SESSION.c.run_id == run)
    if limits.samples_only:
        connection.execute(delete(SAMPLE).where(SAMPLE.c.session_id.in_(gone)))
        return
    if limits.traces_only:
        passes = update(POWER_PASS).where(
            POWER_PASS.c.session_id.in_(gone), POWER_PASS.c.trace_id.is_not(None)
        )
        why = f"it was pruned on {datetime.now(UTC):%Y-%m-%d}"
        connection.execute(passes.values(trace_id=None, untraced=why))
        return
    newest.forget(connection, run)
    for table in reversed(OF_SESSIONS):
        connection.execute(delete(table).where(table.c.session_id.in_(gone)))
    connection.execute(delete(INCIDENT).where(INCIDENT.c.run_id == run))
    connection.execute(delete(SESSION).where(SESSION.c.run_id == run))
    remove_progress(connection, run)
    connection.execute(delete(RUN).where(RUN.c.id == run))


def _forget_lost(connection: Connection) -> None:
    """Runs that are in progress no more, but could not say so: of another host none says a word for long."""
    remove_dead(connection)
    since = datetime.now(UTC) - timedelta(days=_LOST_DAYS)
    connection.execute(delete(PROGRESS).where(PROGRESS.c.updated < since))


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
