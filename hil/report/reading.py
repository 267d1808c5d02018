"""What a report tells, from the database; what is worse than before is asked as `hil check` asks it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, and_, or_, select

from hil.errors import StoreError
from hil.gate.checking import check
from hil.gate.result import Result
from hil.metrics import REFERENCE_S
from hil.report.data import Image, Mishap, Report, RunFacts, Side
from hil.report.history import read_history
from hil.values import Measure, Method
from hil_db import engine, profiles, symbols
from hil_db.comparing import Case
from hil_db.histories import bench_of
from hil_db.records import Status
from hil_db.references import StoredRun, checked_run
from hil_db.schema import CASE_COLUMNS, IMAGE, INCIDENT, MEASURE, RUN, SESSION
from hil_db.store import Store


def read_report(
    url: str | None, run: str, baseline: str | None, lab: Path | None, folder: Path, runs: int
) -> Report:
    """A run against a baseline (None: the finished run before it on its branch), with ``runs`` of history.

    Thresholds and commits are looked for as ``hil.gate.checking.check`` does. StoreError when there is no
    such run or the database cannot be read or understood, LabError for thresholds that make no sense.
    """
    with _reading(url) as (store, connection):
        found = checked_run(connection, run, store.url)
        against = baseline or _earlier(connection, found)
    result = check(url, str(found.id), against, lab, folder) if against is not None else None
    with _reading(url) as (store, connection):
        try:
            return _read(connection, store, found, result, runs)
        except (ValueError, TypeError) as error:
            raise StoreError(
                f"what {engine.shown(store.url)} holds of run {found.id} cannot be reported",
                evidence=str(error),
                remedy="restore a copy if it was changed by hand",
            ) from error


@contextmanager
def _reading(url: str | None) -> Iterator[tuple[Store, Connection]]:
    with (
        Store.open_read_only(url) as store,
        engine.explained(store.url),
        store.engine.connect() as connection,
    ):
        yield store, connection


def _earlier(connection: Connection, run: StoredRun) -> str | None:
    """The number of the finished run before one on its branch that has results."""
    with_results = select(SESSION.c.id).where(SESSION.c.run_id == RUN.c.id).exists()
    same = RUN.c.git_branch == run.branch if run.branch is not None else RUN.c.git_branch.is_(None)
    before = or_(RUN.c.started < run.started, and_(RUN.c.started == run.started, RUN.c.id < run.id))
    query = select(RUN.c.id).where(with_results, same, before, RUN.c.status == Status.FINISHED)
    found = connection.scalar(query.order_by(RUN.c.started.desc(), RUN.c.id.desc()).limit(1))
    return None if found is None else str(found)


def _read(connection: Connection, store: Store, run: StoredRun, result: Result | None, runs: int) -> Report:
    before = result.comparison.before if result is not None else None
    newer, older = ({} if one is None else _sides(connection, one) for one in (run, before))
    if result is not None:
        images = tuple(Image(one.case, newer.get(one.case), older.get(one.case), one) for one in result.cases)
    else:
        images = tuple(Image(case, newer[case]) for case in sorted(newer))
    axis, series = read_history(connection, run, before, images, runs)
    on = f"on the branch {run.branch}" if run.branch is not None else "without a branch"
    return Report(
        _facts(connection, run),
        None if before is None else _facts(connection, before),
        result,
        None if result is not None else f"no finished run {on} began before run {run.id}",
        images,
        axis,
        series,
        engine.shown(store.url),
        datetime.now(UTC),
    )


def _facts(connection: Connection, run: StoredRun) -> RunFacts:
    row = connection.execute(select(RUN).where(RUN.c.id == run.id)).one()
    query = select(INCIDENT).where(INCIDENT.c.run_id == run.id).order_by(INCIDENT.c.time, INCIDENT.c.id)
    mishaps = tuple(
        Mishap(one.board, one.kind, one.action, one.time, one.evidence, one.seconds)
        for one in connection.execute(query)
    )
    about = (row.finished, row.command, row.host, row.git_note, row.git_tags or [], row.versions or {})
    return RunFacts(run, *about, mishaps)


def _sides(connection: Connection, run: StoredRun) -> dict[Case, Side]:
    """Of each case the last session that finished, or else the last, as `hil check` takes them."""
    query = (
        select(SESSION, IMAGE.c.sha256.label("sha256"), IMAGE.c.toolchain)
        .outerjoin(IMAGE, IMAGE.c.id == SESSION.c.image_id)
        .where(SESSION.c.run_id == run.id)
        .order_by(SESSION.c.started, SESSION.c.id)
    )
    rows: dict[Case, Any] = {}
    for row in connection.execute(query):
        case = Case(*(getattr(row, name) for name in CASE_COLUMNS))
        earlier = rows.get(case)
        if earlier is None or earlier.status != Status.FINISHED or row.status == Status.FINISHED:
            rows[case] = row
    sessions = [row.id for row in rows.values()]
    measures = _measures(connection, sessions)
    held = profiles.read(connection, sessions)
    used = symbols.read(connection, [row.image_id for row in rows.values() if row.image_id is not None])
    return {
        case: Side(
            row.id, row.status, row.error, row.sha256, row.toolchain, row.vectors_sha256,
            tuple(measures[row.id]), used.get(row.image_id, ()), held.get(row.id),
            next((one.value for one in measures[row.id] if one.metric == REFERENCE_S.name), None),
            row.versions or {}, row.inputs_sha256, bench_of(row.probe, run),
        )
        for case, row in rows.items()
    }  # fmt: skip


def _measures(connection: Connection, sessions: Sequence[int]) -> dict[int, list[Measure]]:
    found: dict[int, list[Measure]] = defaultdict(list)
    query = select(MEASURE).where(MEASURE.c.session_id.in_(sessions)).order_by(MEASURE.c.id)
    for row in connection.execute(query):
        if not isinstance(row.value, int | float):  # SQLite keeps whatever a column is given
            raise TypeError(f"a {row.metric} is {row.value!r:.40}")
        if not isinstance(row.conditions, dict):
            raise TypeError(f"the conditions of a {row.metric} are {row.conditions!r:.40}")
        band = None if row.low is None or row.high is None else (row.low, row.high)
        about = (row.metric, row.value, row.unit, Method(row.method), row.technique)
        found[row.session_id].append(Measure(*about, row.resolution, band, row.conditions))
    return found
