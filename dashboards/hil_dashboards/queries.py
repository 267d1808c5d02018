"""What the pages ask of the database: values out, nothing in. The only module here that knows the tables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Select, and_, func, select

from hil_dashboards.choice import Choice
from hil_db import engine
from hil_db.liveness import status_now
from hil_db.schema import Image, MeasureRow, Run, Session
from hil_db.store import Store

MATRIX_METRICS = (
    "accuracy",
    "golden_exact",
    "instructions",
    "flash_bytes",
    "ram_bytes",
    "stack_bytes",
    "stream_s",
)
USUAL_METRIC = "instructions"


@dataclass(frozen=True)
class RunHead:
    """A run as the pages' bar shows it; ``started`` is UTC."""

    id: int
    status: str
    started: datetime
    commit: str | None
    dirty: bool | None


@dataclass(frozen=True)
class Ended:
    """One ended session and where it came from."""

    session: int
    run: int
    time: datetime
    board: str
    kind: str
    model: str
    precision: str
    status: str
    error: str | None
    commit: str | None
    dirty: bool | None
    image: str | None

    @property
    def case(self) -> tuple[str, str, str]:
        """What is compared over runs: board, model, precision."""
        return self.board, self.model, self.precision


@dataclass(frozen=True)
class Value:
    """One stored value and its session; ``vectors`` is over how many it was taken."""

    origin: Ended
    metric: str
    value: float
    unit: str
    method: str
    technique: str
    resolution: float | None
    vectors: int | None


@dataclass(frozen=True)
class MatrixData:
    """The newest session of each case, and of each case and metric the newest value per technique."""

    newest: RunHead | None
    sessions: tuple[Ended, ...]
    values: tuple[Value, ...]


@dataclass(frozen=True)
class SeriesData:
    """Values of one metric, oldest first; sessions that ended without it; what else could be chosen."""

    newest: RunHead | None
    metric: str | None
    values: tuple[Value, ...]
    without: tuple[Ended, ...]
    metrics: tuple[str, ...]
    models: tuple[str, ...]
    boards: tuple[str, ...]
    precisions: tuple[str, ...]


def place(url: str | None) -> str:
    """The database's URL as it may be shown; StoreError when it is none."""
    return engine.parse(url).render_as_string(hide_password=True)


def exists(url: str | None) -> bool:
    """Whether there is a database yet; of a server's that is said by asking it."""
    parsed = engine.parse(url)
    return parsed.get_backend_name() != "sqlite" or Path(parsed.database or "").is_file()


def read_matrix(url: str | None) -> MatrixData:
    """Everything that the matrix page shows; StoreError when the database cannot be read."""
    with _reading(url) as connection:
        newest_sessions = (
            select(func.max(Session.id)).group_by(Session.board, Session.model, Session.precision)
        ).scalar_subquery()
        sessions = connection.execute(_sessions().where(Session.id.in_(newest_sessions))).all()
        newest_values = (
            select(func.max(MeasureRow.id))
            .join(Session, Session.id == MeasureRow.session_id)
            .where(MeasureRow.metric.in_(MATRIX_METRICS))
            .group_by(
                Session.board,
                Session.model,
                Session.precision,
                MeasureRow.metric,
                MeasureRow.method,
                MeasureRow.technique,
            )
        ).scalar_subquery()
        values = connection.execute(_values().where(MeasureRow.id.in_(newest_values))).all()
        return MatrixData(
            newest=_newest_run(connection),
            sessions=tuple(sorted((_ended(row) for row in sessions), key=lambda ended: ended.case)),
            values=tuple(_value(row) for row in values),
        )


def read_series(url: str | None, choice: Choice) -> SeriesData:
    """Everything that the series page shows; StoreError when the database cannot be read."""
    with _reading(url) as connection:
        metrics = _distinct(connection, MeasureRow.metric)
        metric = choice.metric or (USUAL_METRIC if USUAL_METRIC in metrics else next(iter(metrics), None))
        runs = select(Run.id).order_by(Run.id.desc()).limit(choice.runs).scalar_subquery()
        chosen = [Session.run_id.in_(runs)]
        for column, names in (
            (Session.model, choice.model),
            (Session.board, choice.board),
            (Session.precision, choice.precision),
        ):
            if names:
                chosen.append(column.in_(names))
        values = connection.execute(
            _values().where(MeasureRow.metric == metric, *chosen).order_by(Session.id)
        ).all()
        having = select(MeasureRow.session_id).where(MeasureRow.metric == metric)
        without = connection.execute(
            _sessions().where(Session.id.not_in(having), *chosen).order_by(Session.id)
        ).all()
        return SeriesData(
            newest=_newest_run(connection),
            metric=metric,
            values=tuple(_value(row) for row in values),
            without=tuple(_ended(row) for row in without),
            metrics=metrics,
            models=_distinct(connection, Session.model),
            boards=_distinct(connection, Session.board),
            precisions=_distinct(connection, Session.precision),
        )


@contextmanager
def _reading(url: str | None) -> Iterator[Connection]:
    with (
        Store.open_read_only(url) as store,
        engine.explained(store.url),
        store.engine.connect() as connection,
    ):
        yield connection


_SESSION_COLUMNS = (
    Session.id,
    Session.run_id,
    Session.started,
    Session.board,
    Session.kind,
    Session.model,
    Session.precision,
    Session.status,
    Session.error,
    Run.git_commit,
    Run.git_dirty,
    Image.sha256,
)


def _sessions() -> Select[*tuple[Any, ...]]:
    found: Select[*tuple[Any, ...]] = select(*_SESSION_COLUMNS)
    return found.join(Run, Run.id == Session.run_id).outerjoin(Image, Image.id == Session.image_id)


def _values() -> Select[*tuple[Any, ...]]:
    vectors = select(MeasureRow.session_id, MeasureRow.value).where(MeasureRow.metric == "vectors").subquery()
    found: Select[*tuple[Any, ...]] = select(
        *_SESSION_COLUMNS,
        MeasureRow.metric,
        MeasureRow.value,
        MeasureRow.unit,
        MeasureRow.method,
        MeasureRow.technique,
        MeasureRow.resolution,
        vectors.c.value,
    )
    return (
        found.join(MeasureRow, MeasureRow.session_id == Session.id)
        .join(Run, Run.id == Session.run_id)
        .outerjoin(Image, Image.id == Session.image_id)
        .outerjoin(vectors, and_(vectors.c.session_id == Session.id))
    )


def _ended(row: Any) -> Ended:
    return Ended(*row[: len(_SESSION_COLUMNS)])


def _value(row: Any) -> Value:
    metric, value, unit, method, technique, resolution, vectors = row[len(_SESSION_COLUMNS) :]
    counted = int(vectors) if vectors is not None else None
    return Value(_ended(row), metric, value, unit, method, technique, resolution, counted)


def _distinct(connection: Connection, column: Any) -> tuple[str, ...]:
    return tuple(connection.scalars(select(column).distinct().order_by(column)))


def _newest_run(connection: Connection) -> RunHead | None:
    row = connection.execute(
        select(
            Run.id, Run.status, Run.started, Run.git_commit, Run.git_dirty, Run.host, Run.pid, Run.pid_birth
        )
        .order_by(Run.id.desc())
        .limit(1)
    ).first()
    if row is None:
        return None
    status = status_now(row.status, row.host, row.pid, row.pid_birth)
    return RunHead(row.id, status, row.started, row.git_commit, row.git_dirty)
