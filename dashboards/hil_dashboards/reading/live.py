"""The runs in progress: how far each is, and what its images took when they last finished."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from sqlalchemy import Connection, ScalarSelect, and_, case, func, select

from hil.errors import NOT_FIT, StoreError
from hil.metrics import STREAM_S, VECTORS, Metric
from hil_dashboards.reading.boards import IncidentRow, incident_rows
from hil_dashboards.reading.database import RunHead, newest_run, reading
from hil_dashboards.reading.remaining import Former, Remaining, remaining
from hil_db import progress
from hil_db.histories import Case
from hil_db.liveness import status_now
from hil_db.progress import Told
from hil_db.records import Status
from hil_db.schema import CASE_COLUMNS, INCIDENT, MEASURE, NEWEST_SESSION, RUN, SESSION
from hil_db.trials import is_no_trial

INCIDENTS_MOST = 100
_KEPT_MOST = 8  # runs

_kept: dict[tuple[str, str, tuple[Case, ...]], dict[Case, Former]] = {}
_keeping = Lock()


@dataclass(frozen=True)
class LiveRun:
    """One run in progress; ``number`` is None until a session of it is stored, and so is no incident."""

    number: int | None
    told: Told
    remaining: Remaining
    incidents: list[IncidentRow]

    @property
    def going(self) -> bool:
        """Whether it goes on, as far as is known."""
        return self.told.status is Status.RUNNING and not self.told.silent


@dataclass(frozen=True)
class OpenRun:
    """A run that is stored as running, of which nothing tells how far it is but its sessions so far."""

    number: int
    host: str
    started: datetime
    sessions: int
    failed: int


@dataclass(frozen=True)
class LastRun:
    """The run that ended last."""

    number: int
    status: Status
    finished: datetime


@dataclass(frozen=True)
class LiveData:
    """The runs in progress, the newest first; ``last`` is None where none ever ended."""

    newest: RunHead | None
    runs: list[LiveRun]
    untold: list[OpenRun]
    last: LastRun | None


def read_live(url: str | None) -> LiveData:
    """What is in progress now. StoreError when the database cannot be read."""
    with reading(url) as connection:
        told = _told(connection)
        runs = [_run(connection, one, str(url)) for one in reversed(told)]
        known = {one.number for one in runs}
        untold = [one for one in _running(connection) if one.number not in known]
        return LiveData(newest_run(connection), runs, untold, _last(connection))


def _told(connection: Connection) -> list[Told]:
    try:
        return progress.read(connection)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise StoreError(
            "what runs in progress tell cannot be read",
            evidence=repr(error),
            remedy="`hil db check` names the run; it ends, or `hil db prune` forgets it",
        ) from error


def _run(connection: Connection, told: Told, url: str) -> LiveRun:
    number: int | None = connection.scalar(select(RUN.c.id).where(RUN.c.uid == told.run_uid))
    left = remaining(told.progress, _kept_before(connection, told, number, url))
    return LiveRun(number, told, left, [] if number is None else _incidents(connection, number))


def _kept_before(connection: Connection, told: Told, number: int | None, url: str) -> dict[Case, Former]:
    """What ``_before`` found the first time that the run was looked at: a page asks every two seconds."""
    key = (url, told.run_uid, told.progress.plan)
    found = _kept.get(key)
    if found is None:
        found = _before(connection, told, number)
        with _keeping:
            while len(_kept) >= _KEPT_MOST:
                del _kept[next(iter(_kept))]
            _kept[key] = found
    return found


def _before(connection: Connection, told: Told, number: int | None) -> dict[Case, Former]:
    """What each case of the plan took in the newest session that finished before this run."""
    boards: Collection[str] = {case.board for case in told.progress.plan}
    of_case, newest = [SESSION.c[name] for name in CASE_COLUMNS], NEWEST_SESSION.c
    last = (
        select(SESSION.c.id)
        .where(
            and_(*(column == newest[column.name] for column in of_case)),
            SESSION.c.status == Status.FINISHED,
            SESSION.c.run_id != (number if number is not None else 0),
        )
        .order_by(SESSION.c.started.desc())
        .limit(1)
        .correlate(NEWEST_SESSION)
        .scalar_subquery()
    )
    of_boards = select(last).select_from(NEWEST_SESSION).where(newest.board.in_(boards))
    took = (SESSION.c.started, SESSION.c.finished, _value(VECTORS), _value(STREAM_S))
    query = select(*of_case, *took).where(SESSION.c.id.in_(of_boards))
    return {
        Case(*names): Former((finished - started).total_seconds(), vectors, stream_s)
        for *names, started, finished, vectors, stream_s in connection.execute(query)
    }


def _value(metric: Metric) -> ScalarSelect[float | None]:
    """What a session measured of it; one way of it, if there are several."""
    of_it = and_(MEASURE.c.session_id == SESSION.c.id, MEASURE.c.metric == metric.name)
    return select(func.max(MEASURE.c.value)).where(of_it).correlate(SESSION).scalar_subquery()


def _incidents(connection: Connection, run: int) -> list[IncidentRow]:
    return incident_rows(connection, INCIDENT.c.run_id == run, INCIDENTS_MOST)


def _running(connection: Connection) -> list[OpenRun]:
    query = select(RUN).where(RUN.c.status == Status.RUNNING).order_by(RUN.c.started.desc())
    return [
        OpenRun(run.id, run.host, run.started, *_sessions(connection, run.id))
        for run in connection.execute(query)
        if status_now(run.status, run.host, run.pid, run.pid_birth) is Status.RUNNING
    ]


def _sessions(connection: Connection, run: int) -> tuple[int, int]:
    """How many sessions of a run are stored, and how many of them went wrong."""
    fits = func.coalesce(SESSION.c.error, "").not_like(f"%{NOT_FIT}%")
    failed = func.sum(case((and_(SESSION.c.status != Status.FINISHED, fits), 1), else_=0))
    row = connection.execute(select(func.count(), failed).where(SESSION.c.run_id == run)).one()
    return row[0], int(row[1] or 0)


def _last(connection: Connection) -> LastRun | None:
    """Whether it was written that it ended, or its process is gone."""
    about = (RUN.c.id, RUN.c.status, RUN.c.finished)
    query = select(*about).where(RUN.c.finished.is_not(None), is_no_trial())
    row = connection.execute(query.order_by(RUN.c.finished.desc()).limit(1)).one_or_none()
    return None if row is None else LastRun(row.id, Status(row.status), row.finished)
