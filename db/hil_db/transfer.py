"""Copies runs from one database to another: what is there already stays, so that a copy may be repeated."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, select, update

from hil.errors import StoreError
from hil_db import engine, newest
from hil_db.liveness import status_now
from hil_db.records import Status
from hil_db.rows import Row, add_image, add_row, inserting, known
from hil_db.schema import (
    BASELINE,
    IMAGE,
    INCIDENT,
    MEASURE,
    OF_SESSIONS,
    POWER_PASS,
    POWER_TRACE,
    PROFILE,
    RUN,
    SESSION,
    TRIAGE,
)
from hil_db.store import Store, remove_progress

_ABOUT_TRACES = [column.name for column in POWER_TRACE.c if column.name not in ("id", "sha256", "bytes")]


@dataclass(frozen=True)
class Copied:
    """One run's number in the target, and how many of its sessions were added, and how many were there.

    ``incidents`` are those that were added.
    """

    run: int
    added: int
    known: int
    incidents: int = 0


@dataclass(frozen=True)
class _Whole:
    """A run with all that belongs to it, but for the sessions that are not wanted."""

    run: Row
    sessions: list[Row]
    known: int
    images: dict[int, Row]
    children: dict[str, dict[int, list[Row]]]  # by table and session
    incidents: list[Row]
    traces: list[Row]


def copy_runs(
    source: Store, target: Store, uid: str | None = None, origin: str | None = None
) -> list[Copied]:
    """Copy every run, or the one of that ``uid``, with its sessions, each in a transaction of its own.

    A run that the target took for running or interrupted ends as the source says. ``origin`` is what is kept
    of those that began in the source, where they are another lab's. StoreError when one of the
    databases refuses, or when nothing tells a run from others.
    """
    with engine.explained(source.url), engine.looking(source.engine).connect() as connection:
        query = select(RUN).order_by(RUN.c.id)
        runs = _rows(connection, query if uid is None else query.where(RUN.c.uid == uid))
    for run in runs:
        _need_uid(run, f"run {run['id']} in {engine.shown(source.url)}")
    return [_copy(source, target, {**run, "origin": run["origin"] or origin}) for run in runs]


def copy_baselines(source: Store, target: Store) -> int:
    """Copy what the names of baselines stood for, and when; returns how many of it was new."""
    return _copy_added(source, target, BASELINE)


def copy_decisions(source: Store, target: Store) -> int:
    """Copy what people decided of regressions; returns how many of it was new."""
    return _copy_added(source, target, TRIAGE)


def _copy_added(source: Store, target: Store, table: Table) -> int:
    """Copy rows that are only added, and refer to no others."""
    with engine.explained(source.url), engine.looking(source.engine).connect() as connection:
        rows = _rows(connection, select(table).order_by(table.c.id))
    with target.writing() as connection:
        new = [row for row in rows if known(connection, table, "uid", row["uid"]) is None]
        for row in new:
            add_row(connection, table, _without_id(row))
    return len(new)


def _copy(source: Store, target: Store, run: Row) -> Copied:
    with engine.explained(target.url), engine.looking(target.engine).connect() as connection:
        there = set(
            connection.scalars(
                select(SESSION.c.uid).join(RUN, RUN.c.id == SESSION.c.run_id).where(RUN.c.uid == run["uid"])
            )
        )
    with engine.explained(source.url), engine.looking(source.engine).connect() as connection:
        whole = _read(connection, run, there)
    for session in whole.sessions:
        _need_uid(session, f"session {session['id']} in {engine.shown(source.url)}")
    batch = target.shelf.stage_copies(source.shelf, [trace["sha256"] for trace in whole.traces])
    with target.writing_traces(batch) as connection:
        _lay(
            whole,
            [
                target.shelf.put(connection, batch, place, {name: trace[name] for name in _ABOUT_TRACES})
                for place, trace in enumerate(whole.traces)
            ],
        )
        number = _run(connection, run)
        ids = {session["id"]: _add(connection, number, session, whole) for session in whole.sessions}
        incidents = _add_incidents(connection, number, whole.incidents, ids)
        _end(connection, number, run)
    target.untraced.update(batch.refused)
    added = sum(one is not None for one in ids.values())
    return Copied(number, added, whole.known + len(ids) - added, incidents)


def _lay(whole: _Whole, kept: Sequence[int | str]) -> None:
    """Have the passes of each trace refer to where it is now, or tell why it is not."""
    now = {trace["id"]: one for trace, one in zip(whole.traces, kept, strict=True)}
    for rows in whole.children[POWER_PASS.name].values():
        for row in rows:
            one = now.get(row["trace_id"])
            if one is not None:
                row["trace_id"], row["untraced"] = (None, one) if isinstance(one, str) else (one, None)


def _need_uid(row: Row, what: str) -> None:
    if row["uid"] is None:
        raise StoreError(
            f"{what} cannot be told from others",
            evidence="its uid is gone",
            remedy="leave it where it is",
        )


def _rows(connection: Connection, query: Any) -> list[Row]:
    return [dict(row) for row in connection.execute(query).mappings()]


def _without_id(row: Row) -> Row:
    return {name: held for name, held in row.items() if name != "id"}


def _run(connection: Connection, run: Row) -> int:
    number = known(connection, RUN, "uid", run["uid"])
    return number if number is not None else add_row(connection, RUN, _without_id(run))


def _end(connection: Connection, number: int, run: Row) -> None:
    status = status_now(run["status"], run["host"], run["pid"], run["pid_birth"])
    if status is not Status.RUNNING:
        unended = (Status.RUNNING, Status.INTERRUPTED)
        connection.execute(
            update(RUN)
            .where(RUN.c.id == number, RUN.c.status.in_(unended))
            .values(status=status, finished=run["finished"] or run["started"])
        )
        remove_progress(connection, number)


def _read(connection: Connection, run: Row, there: set[str]) -> _Whole:
    of_run = select(SESSION).where(SESSION.c.run_id == run["id"]).order_by(SESSION.c.id)
    sessions = _rows(connection, of_run)
    wanted = [session for session in sessions if session["uid"] not in there]
    images = _rows(connection, select(IMAGE).where(IMAGE.c.id.in_({one["image_id"] for one in wanted})))
    traced = select(POWER_PASS.c.trace_id).where(POWER_PASS.c.session_id.in_([one["id"] for one in wanted]))
    traces = _rows(connection, select(POWER_TRACE).where(POWER_TRACE.c.id.in_(traced)))
    return _Whole(
        run,
        wanted,
        len(sessions) - len(wanted),
        {image["id"]: image for image in images},
        {table.name: _of_sessions(connection, table, wanted) for table in OF_SESSIONS},
        _rows(connection, select(INCIDENT).where(INCIDENT.c.run_id == run["id"]).order_by(INCIDENT.c.id)),
        traces,
    )


def _of_sessions(connection: Connection, table: Table, sessions: Iterable[Row]) -> dict[int, list[Row]]:
    numbers = [session["id"] for session in sessions]
    found: dict[int, list[Row]] = {number: [] for number in numbers}
    order = table.c.id if "id" in table.c else table.c.session_id
    for row in _rows(connection, select(table).where(table.c.session_id.in_(numbers)).order_by(order)):
        found[row["session_id"]].append(row)
    return found


def _add(connection: Connection, run_id: int, session: Row, whole: _Whole) -> int | None:
    """The number of a session that was added; None where one of its uid is there."""
    if known(connection, SESSION, "uid", session["uid"]) is not None:
        return None
    image = whole.images.get(session["image_id"])
    image_id = add_image(connection, _without_id(image)) if image is not None else None
    row = {**_without_id(session), "run_id": run_id, "image_id": image_id}
    session_id = add_row(connection, SESSION, row)
    children = {name: held[session["id"]] for name, held in whole.children.items()}
    for table in OF_SESSIONS:
        if children[table.name]:
            connection.execute(
                inserting(table),
                [{**_without_id(one), "session_id": session_id} for one in children[table.name]],
            )
    newest.note(connection, session_id, row, children[MEASURE.name], bool(children[PROFILE.name]))
    return session_id


def _add_incidents(
    connection: Connection, run_id: int, incidents: Iterable[Row], ids: dict[int, int | None]
) -> int:
    """Add those that are not there; ``ids`` are the sessions' numbers, there and here."""
    added = 0
    for one in incidents:
        if known(connection, INCIDENT, "uid", one["uid"]) is None:
            session = ids.get(one["session_id"])
            add_row(connection, INCIDENT, {**_without_id(one), "run_id": run_id, "session_id": session})
            added += 1
    return added
