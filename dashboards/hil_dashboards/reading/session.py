"""All that is stored of one session."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

import numpy.typing as npt
from sqlalchemy import Connection, and_, or_, select

from hil.errors import StoreError
from hil.logbook import LogLine
from hil.measure.memory import SymbolUse
from hil.measure.profile import Profile
from hil.metrics import INSTRUCTIONS, LATENCY_CYCLES, LATENCY_US, PREDICTED
from hil.models.labels import Labels, find_labels
from hil_dashboards.choices.session import SessionChoice
from hil_dashboards.reading import selects
from hil_dashboards.reading.columns import CASE_COLUMNS, Rows
from hil_dashboards.reading.database import RunHead, newest_run, reading, values
from hil_db import codec, logs, profiles, symbols
from hil_db.liveness import status_now
from hil_db.records import Incident
from hil_db.schema import IMAGE, INCIDENT, RUN, SAMPLE, SESSION
from hil_db.traced import StoredPass, read_passes
from hil_db.trials import is_no_trial

_T = TypeVar("_T")

_USUAL = (LATENCY_CYCLES.name, LATENCY_US.name, INSTRUCTIONS.name)
_INCIDENTS_MOST = 500


@dataclass(frozen=True)
class SessionHead:
    """A session, its run and its image as they are stored; of an image that could not be read, nothing.

    ``run_status`` is as of now.
    """

    id: int
    uid: str | None
    board: str
    kind: str
    model: str
    precision: str
    started: datetime
    finished: datetime
    status: str
    error: str | None
    vectors_sha256: str | None
    inputs_sha256: str | None
    probe: str | None
    versions: Mapping[str, str]
    run: int
    run_started: datetime
    run_status: str
    command: str
    host: str
    commit: str | None
    dirty: bool | None
    note: str | None
    branch: str | None
    lab_path: str | None
    lab_sha256: str | None
    origin: str | None
    run_versions: Mapping[str, str]
    image: str | None
    build_id: str | None
    source_sha256: str | None
    toolchain: str | None


@dataclass(frozen=True)
class SampleSet:
    """Samples that a session has, one value per vector or repeat."""

    metric: str
    unit: str
    method: str
    technique: str
    count: int


@dataclass(frozen=True, eq=False)
class SessionData:
    """A session with all that belongs to it; without one of that number, ``head`` is None.

    ``before`` and ``after`` are the sessions of the same board, kind, model and precision beside it.
    ``values`` has VALUE_COLUMNS. ``chosen`` are the samples that ``sampled`` are of. ``labels`` are those of
    the predicted vectors, where they are installed. Of what is stored but damaged there is a sentence in its
    place.
    """

    newest: RunHead | None
    head: SessionHead | None
    before: int | None = None
    after: int | None = None
    values: Rows | tuple[()] = ()
    samples: tuple[SampleSet, ...] = ()
    chosen: SampleSet | None = None
    sampled: npt.NDArray[Any] | str | None = None
    predicted: npt.NDArray[Any] | str | None = None
    labels: Labels | None = None
    symbols: tuple[SymbolUse, ...] | str = ()
    profile: Profile | str | None = None
    passes: tuple[StoredPass, ...] = ()
    incidents: tuple[Incident, ...] = ()
    log: tuple[LogLine, ...] | str = ()


def read_session(url: str | None, choice: SessionChoice) -> SessionData:
    """The choice's session. StoreError when the database cannot be read."""
    data = _read(url, choice)
    head = data.head
    if head is None or data.predicted is None:
        return data
    return replace(data, labels=find_labels(head.model, head.vectors_sha256, head.inputs_sha256))


def _read(url: str | None, choice: SessionChoice) -> SessionData:
    with reading(url) as connection:
        newest = newest_run(connection)
        row = None
        if choice.session is not None:
            row = connection.execute(_head().where(SESSION.c.id == choice.session)).one_or_none()
        if row is None:
            return SessionData(newest, None)
        number = row.id
        head = _of_row(row)
        kept = _samples(connection, number)
        chosen = _chosen(kept, choice)
        predicted = next((one for one in kept if one.metric == PREDICTED.name), None)
        passes = read_passes(connection, select(SESSION.c.id).where(SESSION.c.id == number))
        image = row.image_id
        return SessionData(
            newest,
            head,
            before=_beside(connection, head, earlier=True),
            after=_beside(connection, head, earlier=False),
            values=values(connection, selects.values_of(number)),
            samples=tuple(one for one in kept if one.metric != PREDICTED.name),
            chosen=chosen,
            sampled=None if chosen is None else _whole(lambda: _array(connection, number, chosen)),
            predicted=None if predicted is None else _whole(lambda: _array(connection, number, predicted)),
            symbols=() if image is None else _whole(lambda: symbols.read(connection, [image]).get(image, ())),
            profile=_whole(lambda: profiles.read(connection, [number]).get(number)),
            passes=tuple(passes),
            incidents=_incidents(connection, number),
            log=_whole(lambda: logs.read(connection, number)),
        )


def _whole(read: Callable[[], _T]) -> _T | str:
    """What is read, or what is wrong with it: one damaged blob hides nothing else."""
    try:
        return read()
    except StoreError as error:
        return f"{error.what}: {error.evidence}"
    except (ValueError, TypeError) as error:
        return str(error)


def _head() -> Any:
    of_run = [
        RUN.c.started.label("run_started"),
        RUN.c.status.label("run_status"),
        *(RUN.c[name] for name in ("command", "host", "pid", "pid_birth", "git_commit", "git_dirty")),
        *(RUN.c[name] for name in ("git_note", "git_branch", "lab_path", "lab_sha256", "origin")),
        RUN.c.versions.label("run_versions"),
    ]
    of_image = [IMAGE.c.sha256, IMAGE.c.build_id, IMAGE.c.source_sha256, IMAGE.c.toolchain]
    return (
        select(SESSION, *of_run, *of_image)
        .join(RUN, RUN.c.id == SESSION.c.run_id)
        .outerjoin(IMAGE, IMAGE.c.id == SESSION.c.image_id)
    )


def _of_row(row: Any) -> SessionHead:
    return SessionHead(
        id=row.id,
        uid=row.uid,
        board=row.board,
        kind=row.kind,
        model=row.model,
        precision=row.precision,
        started=row.started,
        finished=row.finished,
        status=row.status,
        error=row.error,
        vectors_sha256=row.vectors_sha256,
        inputs_sha256=row.inputs_sha256,
        probe=row.probe,
        versions=row.versions,
        run=row.run_id,
        run_started=row.run_started,
        run_status=status_now(row.run_status, row.host, row.pid, row.pid_birth),
        command=row.command,
        host=row.host,
        commit=row.git_commit,
        dirty=row.git_dirty,
        note=row.git_note,
        branch=row.git_branch,
        lab_path=row.lab_path,
        lab_sha256=row.lab_sha256,
        origin=row.origin,
        run_versions=row.run_versions,
        image=row.sha256,
        build_id=row.build_id,
        source_sha256=row.source_sha256,
        toolchain=row.toolchain,
    )


def _beside(connection: Connection, head: SessionHead, *, earlier: bool) -> int | None:
    """The session of the same case next to one, of a run of the bench's own."""
    of_case = and_(*(SESSION.c[name] == getattr(head, name) for name in CASE_COLUMNS))
    time, number = SESSION.c.started, SESSION.c.id
    if earlier:
        there = or_(time < head.started, and_(time == head.started, number < head.id))
        order: tuple[Any, ...] = (time.desc(), number.desc())
    else:
        there = or_(time > head.started, and_(time == head.started, number > head.id))
        order = (time, number)
    bound = time <= head.started if earlier else time >= head.started  # what an index can be entered by
    query = select(number).join(RUN, RUN.c.id == SESSION.c.run_id).where(of_case, bound, there, is_no_trial())
    found: int | None = connection.scalar(query.order_by(*order).limit(1))
    return found


def _samples(connection: Connection, session: int) -> list[SampleSet]:
    columns = [SAMPLE.c[name] for name in ("metric", "unit", "method", "technique", "count")]
    query = (
        select(*columns).where(SAMPLE.c.session_id == session).order_by(SAMPLE.c.metric, SAMPLE.c.technique)
    )
    return [SampleSet(*row) for row in connection.execute(query)]


def _chosen(kept: list[SampleSet], choice: SessionChoice) -> SampleSet | None:
    """Those asked for, by any technique where it names none; else of the usual metrics, else the first."""
    offered = [one for one in kept if one.metric != PREDICTED.name]
    asked = [one for one in offered if one.metric == choice.metric]
    usual = [one for name in _USUAL for one in offered if one.metric == name]
    exact = [one for one in asked if one.technique == choice.technique]
    return next(iter([*exact, *asked, *usual, *offered]), None)


def _array(connection: Connection, session: int, of: SampleSet) -> npt.NDArray[Any]:
    same = and_(*(SAMPLE.c[name] == getattr(of, name) for name in ("metric", "method", "technique")))
    row = connection.execute(select(SAMPLE).where(SAMPLE.c.session_id == session, same)).mappings().one()
    what = f"the blob of {of.metric} of session {session}"
    found: npt.NDArray[Any] = codec.unpack(row["blob"], row["dtype"], row["count"], row["codec"], what)
    return found


def _incidents(connection: Connection, session: int) -> tuple[Incident, ...]:
    query = select(INCIDENT).where(INCIDENT.c.session_id == session).order_by(INCIDENT.c.time, INCIDENT.c.id)
    return tuple(
        Incident(row.board, row.kind, row.action, row.time, row.evidence, row.seconds, row.uid)
        for row in connection.execute(query.limit(_INCIDENTS_MOST))
    )
