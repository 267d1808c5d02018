"""How far runs in progress are: one row each, rewritten as they go on, and gone when they have ended.

What is told here is worth nothing afterwards: it is not copied with a run, and writing it waits for no disk.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.engine import URL

from hil_db import engine
from hil_db.histories import Case
from hil_db.liveness import birth_of, status_now
from hil_db.records import RunInfo, Status
from hil_db.rows import stored_text
from hil_db.schema import PROGRESS
from hil_db.store import remove_dead

BUSY_S = 1.0  # for another writer; later is soon enough
SILENT_S = 30.0  # without a word: of a run on another host nothing else tells whether it goes on
SKIPPED = "skipped"
_TOLD_MOST = 500  # letters of what ended an image


@dataclass(frozen=True)
class Working:
    """An image that a board runs now: the one at that ``place`` of the plan.

    ``done`` of ``total`` vectors are answered, 0 of 0 before it streams; it began ``seconds`` ago, and
    streamed for ``streaming_s`` of them. ``beside`` is what it does once they are, empty for nothing more.
    ``waits``: for a processor to emulate on.
    """

    place: int
    done: int
    total: int
    seconds: float
    streaming_s: float
    beside: str = ""
    waits: bool = False


@dataclass(frozen=True)
class Ended:
    """An image that ended after so many seconds, as one of records.Status or SKIPPED; ``error`` says why."""

    place: int
    seconds: float
    status: str
    error: str | None = None


@dataclass(frozen=True)
class Mishap:
    """A failure of the bench itself with an image that has not ended, and what was done about it."""

    board: str
    kind: str
    action: str


@dataclass(frozen=True)
class Progress:
    """How far a run is: its ``plan``, and what of it works or has ended; the rest waits.

    ``boards`` are how many of each name share its images. ``vectors`` are how many each image of the plan is
    to run, None where that is not known; empty where nothing tells.
    """

    plan: tuple[Case, ...] = ()
    boards: Mapping[str, int] | None = None
    working: tuple[Working, ...] = ()
    ended: tuple[Ended, ...] = ()
    mishaps: tuple[Mishap, ...] = ()
    vectors: tuple[int | None, ...] = ()


@dataclass(frozen=True)
class Told:
    """What is stored of a run in progress, when that was ``updated``, and how the run stands now.

    ``status``: ``interrupted`` where its process is gone. ``silent``: nothing was heard for long.
    """

    run_uid: str
    host: str
    command: str
    commit: str | None
    dirty: bool | None
    started: datetime
    updated: datetime
    status: Status
    silent: bool
    progress: Progress


class Teller:
    """Rewrites the row of one run; a context manager that removes it. Every failure is a StoreError.

    Its connection is its own: what has to be kept does not wait for it.
    """

    def __init__(self, url: URL, info: RunInfo) -> None:
        assert info.uid is not None, "without one nobody finds its sessions"
        self._url = url
        self._uid = info.uid
        self._info = info
        self._engine = engine.writer(url, BUSY_S, lasting=False)
        with engine.explained(url):
            self._connection = self._engine.connect()
        self._told: Progress | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            with engine.explained(self._url), self._connection.begin():
                self._connection.execute(delete(PROGRESS).where(PROGRESS.c.run_uid == self._uid))
        finally:
            self._connection.close()
            self._engine.dispose()

    def tell(self, progress: Progress, now: datetime | None = None) -> None:
        """Have the row say this; the first time, rows of this host's processes that are gone go as well."""
        held = {"updated": now or datetime.now(UTC), "state": _state(progress)}
        told = self._told
        if told is not None and _plan(progress) != _plan(told):
            held["plan"] = _plan(progress)
        with engine.explained(self._url), self._connection.begin():
            if told is None:
                remove_dead(self._connection)
            if told is None or not self._rewritten(held):  # somebody took the run for dead
                whole = {**self._head(), **held, "plan": _plan(progress)}
                self._connection.execute(insert(PROGRESS), whole)
        self._told = progress

    def _rewritten(self, held: dict[str, Any]) -> bool:
        mine = update(PROGRESS).where(PROGRESS.c.run_uid == self._uid)
        return self._connection.execute(mine.values(**held)).rowcount > 0

    def _head(self) -> dict[str, Any]:
        return {
            "run_uid": self._uid,
            "host": self._info.host,
            "pid": self._info.pid,
            "pid_birth": birth_of(self._info.pid),
            "command": stored_text(self._info.command),
            "git_commit": self._info.git_commit,
            "git_dirty": self._info.git_dirty,
            "started": self._info.started,
        }


def read(connection: Connection, now: datetime | None = None) -> list[Told]:
    """Every run that told how far it is and did not end, the oldest first.

    ValueError, TypeError, KeyError and AttributeError for a row that was damaged.
    """
    moment = now or datetime.now(UTC)
    rows = connection.execute(select(PROGRESS).order_by(PROGRESS.c.started, PROGRESS.c.run_uid)).all()
    return [_told(row, moment) for row in rows]


def _told(row: Any, now: datetime) -> Told:
    status = status_now(Status.RUNNING, row.host, row.pid, row.pid_birth)
    silent = row.host != socket.gethostname() and (now - row.updated).total_seconds() > SILENT_S
    return Told(
        row.run_uid,
        row.host,
        row.command,
        row.git_commit,
        row.git_dirty,
        row.started,
        row.updated,
        status,
        silent,
        progress_of(row.plan, row.state),
    )


def columns_of(progress: Progress) -> dict[str, Any]:
    """The columns ``plan`` and ``state`` of what ``progress_of`` gives."""
    return {"plan": _plan(progress), "state": _state(progress)}


def _plan(progress: Progress) -> dict[str, Any]:
    return {
        "cases": [list(case) for case in progress.plan],
        "boards": dict(progress.boards or {}),
        "vectors": list(progress.vectors),
    }


def _state(progress: Progress) -> dict[str, Any]:
    working = [replace(one, beside=stored_text(one.beside)) for one in progress.working]
    ended = [replace(one, error=_short(one.error)) for one in progress.ended]
    return {
        "working": [asdict(one) for one in working],
        "ended": [[one.place, round(one.seconds, 3), one.status, one.error] for one in ended],
        "mishaps": [[one.board, one.kind, stored_text(one.action)] for one in progress.mishaps],
    }


def _short(error: str | None) -> str | None:
    if error is None:
        return None
    told = stored_text(error)
    return told if len(told) <= _TOLD_MOST else told[: _TOLD_MOST - 1] + "…"


def progress_of(plan: Any, state: Any) -> Progress:
    """What the two columns hold; ValueError, TypeError, KeyError or AttributeError where they are damaged."""
    found = Progress(
        tuple(Case(*map(str, case)) for case in plan["cases"]),
        {str(name): int(count) for name, count in plan["boards"].items()},
        tuple(Working(**one) for one in state["working"]),
        tuple(Ended(*one) for one in state["ended"]),
        tuple(Mishap(*map(str, one)) for one in state["mishaps"]),
        tuple(None if count is None else int(count) for count in plan.get("vectors", ())),
    )
    if found.vectors and len(found.vectors) != len(found.plan):
        raise ValueError(f"vectors of {len(found.vectors)} images are told, of {len(found.plan)} in the plan")
    for place in (*(one.place for one in found.working), *(one.place for one in found.ended)):
        if not 0 <= place < len(found.plan):
            raise ValueError(f"there is no image {place!r} in a plan of {len(found.plan)}")
    return found
