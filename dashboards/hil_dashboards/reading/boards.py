"""How the boards of a lab fare: what they ran last, what befell them, and the pace of their host."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

import numpy as np
from sqlalchemy import ColumnElement, Connection, and_, func, select, true

from hil.errors import NOT_FIT
from hil.lab.boards import BoardSpec
from hil.lab.file import load_lab
from hil.measure.changes import LEAST_HISTORY, Change, changes
from hil.measure.latency import median
from hil.metrics import REFERENCE_S
from hil_dashboards.reading.database import RunHead, newest_run, reading
from hil_db.records import Status
from hil_db.schema import INCIDENT, MEASURE, NEWEST_SESSION, RUN, SESSION
from hil_db.trials import is_no_trial

RUNS = 60  # that a board's pace and incidents are told of
INCIDENTS_MOST = 200
IMAGES_MOST = 6  # of a board, whose sessions its pace is taken from
_CASE = ("board", "kind", "model", "precision")


class State(StrEnum):
    """In a word how a board stands; the lab file's word comes first, then what is stored."""

    QUARANTINED = "quarantined"
    NEVER = "never run"
    AWAY = "away"
    FAILED = "failed"
    RAN = "ran"


@dataclass(frozen=True)
class Pace:
    """What the reference workload took on a board's host, in seconds: a value for each run, oldest first.

    It is the median beside the sessions of the images that the board ran last.
    """

    host: str
    runs: tuple[int, ...]
    seconds: tuple[float, ...]
    method: str
    technique: str

    @property
    def changes(self) -> tuple[Change, ...] | None:
        """Where it changed; None where there are too few runs to tell."""
        return changes(self.seconds) if len(self.seconds) >= LEAST_HISTORY else None


@dataclass(frozen=True)
class BoardRow:
    """One board: ``images`` of it are stored, ``failed`` of those did not finish last; ``incidents`` of late.

    ``run`` and ``time`` are of its newest session; None for one that has none.
    """

    name: str
    kind: str
    state: State
    why: str
    run: int | None
    time: datetime | None
    images: int
    failed: int
    incidents: int
    pace: Pace | None


@dataclass(frozen=True)
class IncidentRow:
    """A failure of the bench itself; ``session`` is None for one beside the sessions."""

    run: int
    session: int | None
    time: datetime
    board: str
    kind: str
    action: str
    seconds: float | None
    evidence: str | None


@dataclass(frozen=True)
class BoardsData:
    """The boards by name, and the newest incidents, the newest first."""

    newest: RunHead | None
    boards: list[BoardRow]
    incidents: list[IncidentRow]


@dataclass(frozen=True)
class _Last:
    run: int
    time: datetime
    images: int
    failed: int


def read_boards(url: str | None, lab: Path | None) -> BoardsData:
    """What is stored of boards, and what the lab file says of them, where one is given.

    StoreError when the database cannot be read, LabError for a lab file that makes no sense.
    """
    specs = load_lab(lab).boards if lab is not None else ()
    with reading(url) as connection:
        newest = newest_run(connection)
        runs = _newest_runs(connection)
        last = _last(connection)
        paces = _paces(connection, runs)
        incidents = incident_rows(connection, true(), INCIDENTS_MOST)
        counts = _counts(connection, runs)
    named = {(spec.name, spec.kind.name): spec for spec in specs}
    rows = [
        _row(case, last.get(case), named.get(case), newest, counts.get(case[0], 0), paces.get(case[0]))
        for case in sorted({*last, *named})
    ]
    return BoardsData(newest, rows, incidents)


def _row(
    case: tuple[str, str],
    last: _Last | None,
    spec: BoardSpec | None,
    newest: RunHead | None,
    incidents: int,
    pace: Pace | None,
) -> BoardRow:
    if spec is not None and spec.quarantine is not None:
        state, why = State.QUARANTINED, f"since {spec.quarantine.since}: {spec.quarantine.reason}"
    elif last is None:
        state, why = State.NEVER, "the lab file names it"
    elif newest is not None and last.run != newest.id:
        state, why = State.AWAY, f"not in run {newest.id}"
    elif last.failed:
        state, why = State.FAILED, f"{last.failed:,} of {_images(last.images)} did not finish"
    else:
        state, why = State.RAN, f"{_images(last.images)} finished"
    if last is None:
        return BoardRow(*case, state, why, None, None, 0, 0, incidents, pace)
    return BoardRow(*case, state, why, last.run, last.time, last.images, last.failed, incidents, pace)


def _images(count: int) -> str:
    return f"{count:,} image{'' if count == 1 else 's'}"


def _newest_runs(connection: Connection) -> set[int]:
    query = select(RUN.c.id).where(is_no_trial()).order_by(RUN.c.started.desc(), RUN.c.id.desc())
    return set(connection.scalars(query.limit(RUNS)))


def _last(connection: Connection) -> dict[tuple[str, str], _Last]:
    """By board and kind, of the newest sessions of all its images."""
    newest = NEWEST_SESSION.c
    query = (
        select(
            newest.board, newest.kind, SESSION.c.run_id, SESSION.c.started, SESSION.c.status, SESSION.c.error
        )
        .join(SESSION, SESSION.c.id == newest.session_id)
        .order_by(SESSION.c.started, SESSION.c.id)
    )
    held: dict[tuple[str, str], list[tuple[int, datetime, bool]]] = defaultdict(list)
    for board, kind, run, started, status, error in connection.execute(query):
        went_wrong = status != Status.FINISHED and NOT_FIT not in (error or "")
        held[(board, kind)].append((run, started, went_wrong))
    return {case: _of_sessions(sessions) for case, sessions in held.items()}


def _of_sessions(sessions: Sequence[tuple[int, datetime, bool]]) -> _Last:
    run, time, _ = sessions[-1]
    of_run = [went_wrong for number, _, went_wrong in sessions if number == run]
    return _Last(run, time, len(of_run), sum(of_run))


def _paces(connection: Connection, runs: set[int]) -> dict[str, Pace]:
    """Of the images of each board that ran last: more of them would tell the same of its host."""
    newest = NEWEST_SESSION.c
    place = func.row_number().over(partition_by=newest.board, order_by=newest.session_id.desc())
    ranked = select(
        newest.board, newest.kind, newest.model, newest.precision, place.label("place")
    ).subquery()
    first = select(func.min(RUN.c.started)).where(RUN.c.id.in_(runs)).scalar_subquery()
    # By the images' index; the sessions of these runs, or the metric's values, are many more.
    sessions = (
        select(SESSION.c.id)
        .join(ranked, and_(*(SESSION.c[name] == ranked.c[name] for name in _CASE)))
        .where(ranked.c.place <= IMAGES_MOST, SESSION.c.started >= first)
    )
    query = (
        select(SESSION.c.board, RUN.c.id, RUN.c.host, MEASURE.c.value, MEASURE.c.method, MEASURE.c.technique)
        .join(SESSION, SESSION.c.id == MEASURE.c.session_id)
        .join(RUN, RUN.c.id == SESSION.c.run_id)
        .where(MEASURE.c.session_id.in_(sessions), MEASURE.c.metric == REFERENCE_S.name, RUN.c.id.in_(runs))
        .order_by(RUN.c.started, RUN.c.id)
    )
    held: dict[str, list[tuple[int, str, float, str, str]]] = defaultdict(list)
    for board, *rest in connection.execute(query):
        held[board].append(tuple(rest))
    return {board: _pace(rows) for board, rows in held.items()}


def _pace(rows: Sequence[tuple[int, str, float, str, str]]) -> Pace:
    """On the host of the newest run, by the way of that: others have another pace."""
    *_, (_, host, _, method, technique) = rows
    by_run: dict[int, list[float]] = defaultdict(list)
    for run, of_host, value, *way in rows:
        if (of_host, *way) == (host, method, technique):
            by_run[run].append(value)
    seconds = tuple(median(np.asarray(values)) for values in by_run.values())
    return Pace(host, tuple(by_run), seconds, method, technique)


def _counts(connection: Connection, runs: set[int]) -> dict[str, int]:
    """How many incidents each board had in these runs, also where more befell than are listed."""
    query = select(INCIDENT.c.board, func.count()).where(INCIDENT.c.run_id.in_(runs))
    return {row[0]: row[1] for row in connection.execute(query.group_by(INCIDENT.c.board))}


def incident_rows(
    connection: Connection, where: ColumnElement[bool], most: int | None = None
) -> list[IncidentRow]:
    """The newest incidents, the newest first; None: all of them."""
    about = ("run_id", "session_id", "time", "board", "kind", "action", "seconds", "evidence")
    query = select(*(INCIDENT.c[name] for name in about)).where(where)
    newest = query.order_by(INCIDENT.c.time.desc(), INCIDENT.c.id.desc())
    return [IncidentRow(*row) for row in connection.execute(newest.limit(most))]
