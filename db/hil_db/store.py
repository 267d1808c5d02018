"""The store: begin a run, save its sessions as they end, finish it; nothing else is ever changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from types import TracebackType
from typing import Self
from uuid import uuid4

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, Engine, delete, func, select, update
from sqlalchemy.engine import URL

from hil.errors import StoreError
from hil.measure.profile import Profile
from hil_db import codec, engine, liveness, migrate, passes, profiles, sessions, shelf
from hil_db.records import Incident, RunInfo, SessionRecord, Status
from hil_db.rows import add_row, known, stored_text
from hil_db.schema import INCIDENT, PROGRESS, RUN, SAMPLE, SESSION
from hil_db.shelf import Batch, Shelf


class Store:
    """An open database; make it with ``open``. Every failure is a StoreError.

    Each call is one transaction, committed (and with SQLite on disk) when it returns. ``shelf`` is where its
    power traces lie; ``untraced`` counts those of sessions that were stored
    without, by why.
    """

    def __init__(self, url: URL, bound: Engine, kept: Shelf) -> None:
        self.url = url
        self.shelf = kept
        self.untraced: Counter[str] = Counter()
        self._engine = bound
        self._file = engine.identity(url)

    @classmethod
    def open(
        cls,
        url: str | None = None,
        *,
        busy_s: float = engine.BUSY_S,
        one_file: bool = False,
        kept: Shelf | None = None,
    ) -> Store:
        """Open for writing, making or upgrading the schema; None: the one in the user's data folder.

        With ``one_file`` an SQLite database that is made has no write-ahead log beside it, so that after each
        call its file is all there is; readers then wait for writers. ``kept`` is where its power traces
        lie, None: where it has its own.
        Waits up to ``busy_s`` for another writer, now and in every later call. StoreError when the database
        is locked, read-only, damaged, of a newer schema, another program's, or when its folder is missing.
        """
        parsed = engine.parse(url)
        kept = kept if kept is not None else shelf.of(parsed)
        bound = engine.writer(parsed, busy_s)
        with _kept_when_good(bound), engine.explained(parsed):
            migrate.upgrade(bound, parsed)
            if not one_file:
                engine.use_write_ahead_log(bound)
        return cls(parsed, bound, kept)

    @classmethod
    def open_read_only(cls, url: str | None = None) -> Store:
        """Open for reading; StoreError when there is no database or its schema is another version's."""
        parsed = engine.parse(url)
        bound = engine.reader(parsed)
        with _kept_when_good(bound), engine.explained(parsed):
            migrate.check(bound, parsed)
        return cls(parsed, bound, shelf.of(parsed))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._engine.dispose()

    @property
    def engine(self) -> Engine:
        """For queries of one's own."""
        return self._engine

    @property
    def replaced(self) -> bool:
        """Whether the SQLite file was removed, or another took its place, since it was opened."""
        return self._file is not None and engine.identity(self.url) != self._file

    def begin_run(self, info: RunInfo, first: SessionRecord | None = None) -> int:
        """Append one run in the state ``running``, with its ``first`` session or not at all; returns its id.

        Earlier runs of this host whose process died are marked interrupted on the way. A run whose uid is
        there already stays as it is.
        """
        if first is not None:
            sessions.check(first)
        row = {
            "started": info.started,
            "status": Status.RUNNING,
            "command": stored_text(info.command),
            "host": info.host,
            "pid": info.pid,
            "pid_birth": liveness.birth_of(info.pid),
            "git_commit": info.git_commit,
            "git_dirty": info.git_dirty,
            "git_note": stored_text(info.git_note) if info.git_note is not None else None,
            "lab_path": stored_text(info.lab_path) if info.lab_path is not None else None,
            "lab_sha256": info.lab_sha256,
            "versions": dict(info.versions),
            "uid": info.uid or uuid4().hex,
            "git_branch": stored_text(info.git_branch) if info.git_branch is not None else None,
            "git_tags": [stored_text(tag) for tag in info.git_tags],
        }
        with self._shelving(first) as (connection, batch):
            number = known(connection, RUN, "uid", info.uid)
            if number is None:
                _close_orphans(connection)
                number = add_row(connection, RUN, row)
            if first is not None:
                self._add(connection, number, first, batch)
        return number

    def save_session(self, run_id: int, record: SessionRecord) -> int:
        """Append one ended session with all that belongs to it, or nothing of it; returns its id.

        A session whose uid is there already stays as it is.
        StoreError for a measure that is not finite, is outside its band or is given twice, for a profile that
        would not come back as it is, and for a run that was never begun.
        """
        sessions.check(record)
        with self._shelving(record) as (connection, batch):
            self._need_run(connection, run_id)
            return self._add(connection, run_id, record, batch)

    def save_incidents(self, run_id: int, incidents: Sequence[Incident]) -> None:
        """Append what befell the bench beside a run's sessions; one whose uid is there already stays."""
        with self.writing() as connection:
            self._need_run(connection, run_id)
            new = [one for one in incidents if known(connection, INCIDENT, "uid", one.uid) is None]
            sessions.add_incidents(connection, run_id, None, new)

    def finish_run(self, run_id: int, status: Status, finished: datetime | None = None) -> None:
        """Say how a run ended, and when (default: now)."""
        ended = finished if finished is not None else datetime.now(UTC)
        with self.writing() as connection:
            self._need_run(connection, run_id)
            connection.execute(update(RUN).where(RUN.c.id == run_id).values(status=status, finished=ended))
            remove_progress(connection, run_id)

    def read_samples(
        self, session_id: int, metric: str, *, technique: str | None = None
    ) -> npt.NDArray[np.generic]:
        """The raw values of a session's metric, in the vectors' order; KeyError when there are none.

        StoreError when the blob is damaged, or when several techniques gave values and none is named.
        """
        query = select(SAMPLE).where(SAMPLE.c.session_id == session_id, SAMPLE.c.metric == metric)
        if technique is not None:
            query = query.where(SAMPLE.c.technique == technique)
        with self._reading() as connection:
            rows = connection.execute(query).mappings().all()
        if not rows:
            raise KeyError(metric)
        if len(rows) > 1:
            raise StoreError(
                f"session {session_id} in {engine.shown(self.url)} has {metric} by several techniques",
                evidence=", ".join(sorted(f"{row['technique']} ({row['method']})" for row in rows)),
                remedy="name one",
            )
        row = rows[0]
        blob = f"the blob of {metric} of session {session_id} in {engine.shown(self.url)}"
        return codec.unpack(row["blob"], row["dtype"], row["count"], row["codec"], blob)

    def read_profile(self, session_id: int) -> Profile:
        """Where a session's cycles went; KeyError when nothing told."""
        with self._reading() as connection:
            return profiles.read(connection, [session_id])[session_id]

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction; what was written must lie in the file that was opened."""
        with engine.explained(self.url):
            with self._engine.begin() as connection:
                yield connection
            if self.replaced:  # SQLite goes on in the one that nobody finds again
                raise StoreError(
                    f"the database {engine.shown(self.url)} was removed or replaced while it was in use",
                    remedy="leave the file where it is while tests run",
                )

    def clear_traces(self) -> int:
        """Delete traces that no session has, and parts of some that nobody writes; bytes given back."""
        with self.writing() as connection:
            return self.shelf.clear(connection)

    @contextmanager
    def writing_traces(self, batch: Batch) -> Iterator[Connection]:
        """``writing``, with traces that are named within; those that are not, or in vain, are gone then."""
        try:
            with self.writing() as connection:
                if batch.staged:
                    shelf.lock(connection)  # before any row is: all take them in the same order
                yield connection
        except BaseException:
            if batch.new:
                with suppress(StoreError), self.writing() as connection:
                    self.shelf.clear(connection, batch.new)
            raise
        finally:
            self.shelf.drop(batch)

    @contextmanager
    def _shelving(self, record: SessionRecord | None) -> Iterator[tuple[Connection, Batch]]:
        """A transaction, and the traces of a session, which are on the disk before it begins."""
        batch = self.shelf.stage(one.trace for one in (record.passes if record is not None else ()))
        with self.writing_traces(batch) as connection:
            yield connection, batch
        self.untraced.update(batch.refused)

    def _add(self, connection: Connection, run_id: int, record: SessionRecord, batch: Batch) -> int:
        """The number of the session, new or there already."""
        number = known(connection, SESSION, "uid", record.uid)
        if number is None:
            number = sessions.add(connection, run_id, record)
            passes.add(connection, number, record.passes, self.shelf, batch)
        return number

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with engine.explained(self.url), engine.looking(self._engine).connect() as connection:
            yield connection

    def _need_run(self, connection: Connection, run_id: int) -> None:
        if known(connection, RUN, "id", run_id) is None:
            raise StoreError(f"there is no run {run_id} in {engine.shown(self.url)}", remedy="begin it first")


@contextmanager
def _kept_when_good(bound: Engine) -> Iterator[None]:
    """Close the engine's connections when opening fails."""
    with ExitStack() as undo:
        undo.callback(bound.dispose)
        yield
        undo.pop_all()


def _close_orphans(connection: Connection) -> None:
    for run in connection.execute(select(RUN).where(RUN.c.status == Status.RUNNING)).all():
        if liveness.status_now(run.status, run.host, run.pid, run.pid_birth) is Status.INTERRUPTED:
            last = connection.scalar(select(func.max(SESSION.c.finished)).where(SESSION.c.run_id == run.id))
            ended = last if last is not None else run.started
            connection.execute(
                update(RUN).where(RUN.c.id == run.id).values(status=Status.INTERRUPTED, finished=ended)
            )
    remove_dead(connection)


def remove_progress(connection: Connection, run_id: int) -> None:
    """A run that has ended is in progress no more."""
    uid = select(RUN.c.uid).where(RUN.c.id == run_id).scalar_subquery()
    connection.execute(delete(PROGRESS).where(PROGRESS.c.run_uid == uid))


def remove_dead(connection: Connection) -> None:
    """Nor is one of this host whose process is gone."""
    about = (PROGRESS.c.run_uid, PROGRESS.c.host, PROGRESS.c.pid, PROGRESS.c.pid_birth)
    for uid, *process in connection.execute(select(*about)).all():
        if liveness.status_now(Status.RUNNING, *process) is not Status.RUNNING:
            connection.execute(delete(PROGRESS).where(PROGRESS.c.run_uid == uid))
