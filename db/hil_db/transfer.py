"""Copies runs from one database to another: what is there already stays, so that a copy may be repeated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, insert, select, update

from hil.errors import StoreError
from hil_db import engine, newest
from hil_db.liveness import status_now
from hil_db.records import Status
from hil_db.rows import Row, add_image, add_row, known
from hil_db.schema import IMAGE, MEASURE, PROFILE, PROFILE_CLASS, PROFILE_PATH, RUN, SAMPLE, SESSION
from hil_db.store import Store

_CHILDREN = (MEASURE, SAMPLE, PROFILE, PROFILE_PATH, PROFILE_CLASS)  # each after those that it refers to


@dataclass(frozen=True)
class Copied:
    """One run's number in the target, how many of its sessions were added, and how many were there."""

    run: int
    added: int
    known: int


@dataclass(frozen=True)
class _Whole:
    """A session with all that belongs to it."""

    session: Row
    image: Row | None
    children: tuple[tuple[Table, list[Row]], ...]


def copy_runs(source: Store, target: Store, uid: str | None = None) -> list[Copied]:
    """Copy every run, or the one of that ``uid``, with its sessions, each in a transaction of its own.

    A run that the target took for running or interrupted ends as the source says. StoreError when one of the
    databases refuses, or when nothing tells a run from others.
    """
    with engine.explained(source.url), engine.looking(source.engine).connect() as connection:
        query = select(RUN).order_by(RUN.c.id)
        runs = _rows(connection, query if uid is None else query.where(RUN.c.uid == uid))
    for run in runs:
        _need_uid(run, f"run {run['id']} in {engine.shown(source.url)}")
    return [_copy(source, target, run) for run in runs]


def _copy(source: Store, target: Store, run: Row) -> Copied:
    with engine.explained(source.url), engine.looking(source.engine).connect() as connection:
        of_run = select(SESSION.c.id).where(SESSION.c.run_id == run["id"]).order_by(SESSION.c.id)
        sessions = connection.scalars(of_run).all()
    with engine.explained(target.url), target.engine.begin() as connection:
        number = _run(connection, run)
    added = 0
    for session_id in sessions:
        with engine.explained(source.url), engine.looking(source.engine).connect() as connection:
            whole = _read(connection, session_id)
        _need_uid(whole.session, f"session {session_id} in {engine.shown(source.url)}")
        with engine.explained(target.url), target.engine.begin() as connection:
            added += _add(connection, number, whole)
    with engine.explained(target.url), target.engine.begin() as connection:
        _end(connection, number, run)
    return Copied(number, added, len(sessions) - added)


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


def _read(connection: Connection, session_id: int) -> _Whole:
    (session,) = _rows(connection, select(SESSION).where(SESSION.c.id == session_id))
    images = _rows(connection, select(IMAGE).where(IMAGE.c.id == session["image_id"]))
    return _Whole(
        session,
        next(iter(images), None),
        tuple(
            (table, _rows(connection, select(table).where(table.c.session_id == session_id)))
            for table in _CHILDREN
        ),
    )


def _add(connection: Connection, run_id: int, whole: _Whole) -> bool:
    """Whether the session was added: one of its uid may be there."""
    if known(connection, SESSION, "uid", whole.session["uid"]) is not None:
        return False
    image = add_image(connection, _without_id(whole.image)) if whole.image is not None else None
    row = {**_without_id(whole.session), "run_id": run_id, "image_id": image}
    session_id = add_row(connection, SESSION, row)
    for table, rows in whole.children:
        if rows:
            connection.execute(
                insert(table), [{**_without_id(one), "session_id": session_id} for one in rows]
            )
    found = {table.name: rows for table, rows in whole.children}
    newest.note(connection, session_id, row, found[MEASURE.name], bool(found[PROFILE.name]))
    return True
