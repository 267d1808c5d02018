"""The store: begin a run, save its sessions as they end, finish it; nothing else is ever changed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt
from sqlalchemy import Engine, select
from sqlalchemy.engine import URL
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped
from sqlalchemy.orm import Session as Transaction

from hil.errors import StoreError
from hil.image import Manifest
from hil.masking import masked
from hil.measure.profile import Profile
from hil.values import Measure
from hil_db import codec, engine, liveness, migrate, profiles, schema
from hil_db.records import RunInfo, SessionRecord, Status


class Store:
    """An open database; make it with ``open``. Every failure is a StoreError.

    Each call is one transaction, committed (and with SQLite on disk) when it returns.
    """

    def __init__(self, url: URL, bound: Engine) -> None:
        self.url = url
        self._engine = bound
        self._file = engine.identity(url)

    @classmethod
    def open(cls, url: str | None = None, *, busy_s: float = engine.BUSY_S, one_file: bool = False) -> Store:
        """Open for writing, making or upgrading the schema; None: the one in the user's data folder.

        With ``one_file`` an SQLite database that is made has no write-ahead log beside it, so that after each
        call its file is all there is; readers then wait for writers.
        Waits up to ``busy_s`` for another writer, now and in every later call. StoreError when the database
        is locked, read-only, damaged, of a newer schema, another program's, or when its folder is missing.
        """
        parsed = engine.parse(url)
        bound = engine.writer(parsed, busy_s)
        with _kept_when_good(bound), engine.explained(parsed):
            migrate.upgrade(bound, parsed)
            if not one_file:
                engine.use_write_ahead_log(bound)
        return cls(parsed, bound)

    @classmethod
    def open_read_only(cls, url: str | None = None) -> Store:
        """Open for reading; StoreError when there is no database or its schema is another version's."""
        parsed = engine.parse(url)
        bound = engine.reader(parsed)
        with _kept_when_good(bound), engine.explained(parsed):
            migrate.check(bound, parsed)
        return cls(parsed, bound)

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

    def begin_run(self, info: RunInfo) -> int:
        """Append one run in the state ``running``; returns its id.

        Earlier runs of this host whose process died are marked interrupted on the way. A run whose uid is
        there already stays as it is.
        """
        row = schema.Run(
            started=info.started,
            finished=None,
            status=Status.RUNNING,
            command=_text(info.command),
            host=info.host,
            pid=info.pid,
            pid_birth=liveness.birth_of(info.pid),
            git_commit=info.git_commit,
            git_dirty=info.git_dirty,
            git_note=_text(info.git_note) if info.git_note is not None else None,
            lab_path=_text(info.lab_path) if info.lab_path is not None else None,
            lab_sha256=info.lab_sha256,
            versions=dict(info.versions),
            uid=info.uid,
        )
        with engine.explained(self.url), Transaction(self._engine) as transaction:
            known = _known(transaction, schema.Run.id, schema.Run.uid, info.uid)
            if known is not None:
                return known
            _close_orphans(transaction)
            transaction.add(row)
            return self._committed(transaction, row)

    def save_session(self, run_id: int, record: SessionRecord) -> int:
        """Append one ended session with all that belongs to it, or nothing of it; returns its id.

        A session whose uid is there already stays as it is.
        StoreError for a measure that is not finite, is outside its band or is given twice, for a profile that
        would not come back as it is, and for a run that was never begun.
        """
        check(record)
        with engine.explained(self.url), Transaction(self._engine) as transaction:
            self._run(transaction, run_id)
            known = _known(transaction, schema.Session.id, schema.Session.uid, record.uid)
            if known is not None:
                return known
            image = _image(transaction, record.manifest) if record.manifest is not None else None
            row = schema.Session(
                run_id=run_id,
                image=image,
                board=record.board,
                kind=record.kind,
                model=record.model,
                precision=record.precision,
                started=record.started,
                finished=record.finished,
                status=record.status,
                error=_text(record.error) if record.error is not None else None,
                vectors_sha256=record.vectors_sha256,
                versions=dict(record.versions),
                uid=record.uid,
            )
            transaction.add(row)
            transaction.flush()
            transaction.add_all(_children(row.id, record))
            if record.profile is not None:
                transaction.add(profiles.row(record.profile, row.id))
            return self._committed(transaction, row)

    def finish_run(self, run_id: int, status: Status, finished: datetime | None = None) -> None:
        """Say how a run ended, and when (default: now)."""
        with engine.explained(self.url), Transaction(self._engine) as transaction:
            row = self._run(transaction, run_id)
            row.status = status
            row.finished = finished if finished is not None else datetime.now(UTC)
            self._committed(transaction, row)

    def read_samples(
        self, session_id: int, metric: str, *, technique: str | None = None
    ) -> npt.NDArray[np.generic]:
        """The raw values of a session's metric, in the vectors' order; KeyError when there are none.

        StoreError when the blob is damaged, or when several techniques gave values and none is named.
        """
        query = select(schema.SampleRow).where(
            schema.SampleRow.session_id == session_id, schema.SampleRow.metric == metric
        )
        if technique is not None:
            query = query.where(schema.SampleRow.technique == technique)
        with engine.explained(self.url), Transaction(engine.looking(self._engine)) as transaction:
            rows = transaction.scalars(query).all()
            if not rows:
                raise KeyError(metric)
            if len(rows) > 1:
                raise StoreError(
                    f"session {session_id} in {engine.shown(self.url)} has {metric} by several techniques",
                    evidence=", ".join(sorted(f"{row.technique} ({row.method})" for row in rows)),
                    remedy="name one",
                )
            row = rows[0]
            blob = f"the blob of {metric} of session {session_id} in {engine.shown(self.url)}"
            return codec.unpack(row.blob, row.dtype, row.count, row.codec, blob)

    def read_profile(self, session_id: int) -> Profile:
        """Where a session's cycles went; KeyError when nothing told."""
        with engine.explained(self.url), Transaction(engine.looking(self._engine)) as transaction:
            row = transaction.get(schema.ProfileRow, session_id)
            if row is None:
                raise KeyError(session_id)
            return profiles.profile(row)

    def _committed(self, transaction: Transaction, row: schema.Run | schema.Session) -> int:
        transaction.flush()
        number = row.id  # read after the commit, it would be fetched again, and that could fail
        transaction.commit()
        if self.replaced:  # SQLite goes on in the one that nobody finds again
            raise StoreError(
                f"the database {engine.shown(self.url)} was removed or replaced while it was in use",
                remedy="leave the file where it is while tests run",
            )
        return number

    def _run(self, transaction: Transaction, run_id: int) -> schema.Run:
        row = transaction.get(schema.Run, run_id)
        if row is None:
            raise StoreError(f"there is no run {run_id} in {engine.shown(self.url)}", remedy="begin it first")
        return row


@contextmanager
def _kept_when_good(bound: Engine) -> Iterator[None]:
    """Close the engine's connections when opening fails."""
    with ExitStack() as undo:
        undo.callback(bound.dispose)
        yield
        undo.pop_all()


def _known(
    transaction: Transaction, number: Mapped[int], column: Mapped[str | None], uid: str | None
) -> int | None:
    return None if uid is None else transaction.scalar(select(number).where(column == uid))


def _text(said: str) -> str:
    """Without passwords; bytes that are no UTF-8, and zeros, which no database takes, become escapes."""
    return masked(said.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00"))


def _close_orphans(transaction: Transaction) -> None:
    for row in transaction.scalars(select(schema.Run).where(schema.Run.status == Status.RUNNING)):
        if liveness.status_now(row.status, row.host, row.pid, row.pid_birth) is Status.INTERRUPTED:
            row.status = Status.INTERRUPTED
            row.finished = max((session.finished for session in row.sessions), default=row.started)


def check(record: SessionRecord) -> None:
    """StoreError when the record itself cannot be stored, in whatever database."""
    what = f"{record.model}/{record.precision}"
    for measure in record.measures:
        _check_measure(measure, what, record.board)
    if record.profile is not None:
        profiles.check(record.profile, what, record.board)
    for samples in record.samples:
        if not codec.fits(samples.values):
            raise StoreError(
                f"the samples of {samples.metric} of {record.model}/{record.precision} cannot be stored",
                board=record.board,
                evidence=f"{samples.values.dtype} of shape {samples.values.shape}",
                remedy="give a 1-D array of numbers",
            )
    for values in (record.measures, record.samples):
        names = [(value.metric, value.method, value.technique) for value in values]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise StoreError(
                f"{twice[0]} of {record.model}/{record.precision} ({twice[1]}, {twice[2]}) is given twice",
                board=record.board,
                remedy="give each value of a session once",
            )


def _check_measure(measure: Measure, what: str, board: str) -> None:
    if not math.isfinite(measure.value):
        raise StoreError(
            f"{measure.metric} of {what} is {measure.value}",
            board=board,
            remedy="store finite values only, and tell in the session's error why one is missing",
        )
    if measure.band is not None:
        low, high = measure.band
        if not (math.isfinite(low) and math.isfinite(high) and low <= measure.value <= high):
            raise StoreError(
                f"{measure.metric} of {what} is {measure.value} in a band from {low} to {high}",
                board=board,
                remedy="give a finite band that holds its value, or none",
            )
    for name, held in measure.conditions.items():
        if not isinstance(held, str) and not math.isfinite(held):
            raise StoreError(
                f"{measure.metric} of {what} holds for {name} {held}",
                board=board,
                remedy="give conditions that are text or finite numbers",
            )


def _image(transaction: Transaction, manifest: Manifest) -> schema.Image:
    query = select(schema.Image).where(schema.Image.sha256 == manifest.sha256)
    known = transaction.scalars(query).first()
    if known is not None:
        return known
    image = schema.Image(
        sha256=manifest.sha256,
        kind=manifest.kind,
        model=manifest.model,
        precision=manifest.precision,
        build_id=manifest.build_id,
        source_sha256=manifest.source_sha256,
        toolchain=manifest.toolchain,
        sections=dict(manifest.sections),
    )
    try:
        with transaction.begin_nested():
            transaction.add(image)
    except IntegrityError:  # another writer added it since we looked; only where writers do not queue
        return transaction.scalars(query).one()
    return image


def _children(session_id: int, record: SessionRecord) -> list[schema.MeasureRow | schema.SampleRow]:
    measures: list[schema.MeasureRow | schema.SampleRow] = [
        schema.MeasureRow(
            session_id=session_id,
            metric=measure.metric,
            value=float(measure.value),
            unit=measure.unit,
            method=measure.method,
            technique=measure.technique,
            resolution=float(measure.resolution) if measure.resolution is not None else None,
            low=float(measure.band[0]) if measure.band is not None else None,
            high=float(measure.band[1]) if measure.band is not None else None,
            conditions={
                name: held if isinstance(held, str) else float(held)
                for name, held in measure.conditions.items()
            },
        )
        for measure in record.measures
    ]
    return measures + [
        schema.SampleRow(
            session_id=session_id,
            metric=samples.metric,
            unit=samples.unit,
            method=samples.method,
            technique=samples.technique,
            dtype=samples.values.dtype.str[1:],
            count=len(samples.values),
            codec=codec.CODEC,
            blob=codec.pack(samples.values),
        )
        for samples in record.samples
    ]
