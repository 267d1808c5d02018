"""The store: begin a run, save its sessions as they end, finish it; nothing else is ever changed."""

from __future__ import annotations

from datetime import datetime
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt
from sqlalchemy import Engine, select
from sqlalchemy.engine import URL
from sqlalchemy.orm import Session as Transaction

from hil.image import Manifest
from hil_db import codec, engine, migrate, schema
from hil_db.records import RunInfo, SessionRecord, Status


class Store:
    """An open database; make it with ``open``. Every failure is a StoreError.

    Each call is one transaction, committed (and with SQLite on disk) when it returns.
    """

    def __init__(self, url: URL, bound: Engine) -> None:
        self.url = url
        self._engine = bound

    @classmethod
    def open(cls, url: str | None = None) -> Store:
        """Open for writing, making or upgrading the schema; None: the one in the user's data folder."""
        parsed = engine.parse(url)
        with engine.explained(parsed):
            bound = engine.writer(parsed)
            migrate.upgrade(bound, parsed)
        return cls(parsed, bound)

    @classmethod
    def open_read_only(cls, url: str | None = None) -> Store:
        """Open for reading; StoreError when there is no database or its schema is another version's."""
        parsed = engine.parse(url)
        with engine.explained(parsed):
            bound = engine.reader(parsed)
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

    def begin_run(self, info: RunInfo) -> int:
        """Append one run in the state ``running``; returns its id."""
        row = schema.Run(
            started=info.started,
            finished=None,
            status=Status.RUNNING,
            command=info.command,
            host=info.host,
            pid=info.pid,
            git_commit=info.git_commit,
            git_dirty=info.git_dirty,
            lab_path=info.lab_path,
            lab_sha256=info.lab_sha256,
            versions=dict(info.versions),
        )
        with engine.explained(self.url), Transaction(self._engine) as transaction:
            transaction.add(row)
            transaction.commit()
            return row.id

    def save_session(self, run_id: int, record: SessionRecord) -> int:
        """Append one ended session with its image, measures and samples; returns its id."""
        with engine.explained(self.url), Transaction(self._engine) as transaction:
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
                error=record.error,
                vectors_sha256=record.vectors_sha256,
                versions=dict(record.versions),
            )
            transaction.add(row)
            transaction.flush()
            transaction.add_all(_children(row.id, record))
            transaction.commit()
            return row.id

    def finish_run(self, run_id: int, status: Status, finished: datetime) -> None:
        """Say how a run ended, and when (UTC)."""
        with engine.explained(self.url), Transaction(self._engine) as transaction:
            row = transaction.get_one(schema.Run, run_id)
            row.status = status
            row.finished = finished
            transaction.commit()

    def read_samples(self, session_id: int, metric: str) -> npt.NDArray[np.generic]:
        """The raw values of one metric of one session, in the vectors' order; KeyError when there are none."""
        query = select(schema.SampleRow).where(
            schema.SampleRow.session_id == session_id, schema.SampleRow.metric == metric
        )
        with engine.explained(self.url), Transaction(self._engine) as transaction:
            row = transaction.scalars(query).first()
            if row is None:
                raise KeyError(metric)
            return codec.unpack(row.blob, row.dtype, row.count, row.codec)


def _image(transaction: Transaction, manifest: Manifest) -> schema.Image:
    query = select(schema.Image).where(schema.Image.sha256 == manifest.sha256)
    known = transaction.scalars(query).first()
    if known is not None:
        return known
    return schema.Image(
        sha256=manifest.sha256,
        kind=manifest.kind,
        model=manifest.model,
        precision=manifest.precision,
        build_id=manifest.build_id,
        source_sha256=manifest.source_sha256,
        toolchain=manifest.toolchain,
        sections=dict(manifest.sections),
    )


def _children(session_id: int, record: SessionRecord) -> list[schema.MeasureRow | schema.SampleRow]:
    measures: list[schema.MeasureRow | schema.SampleRow] = [
        schema.MeasureRow(
            session_id=session_id,
            metric=measure.metric,
            value=measure.value,
            unit=measure.unit,
            method=measure.method,
            technique=measure.technique,
            resolution=measure.resolution,
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
