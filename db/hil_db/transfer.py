"""Copies runs from one database to another: what is there already stays, so that a copy may be repeated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, insert, select, update

from hil.errors import StoreError
from hil_db import engine, schema
from hil_db.liveness import status_now
from hil_db.records import Status
from hil_db.store import Store

_RUN = schema.Base.metadata.tables["run"]
_SESSION = schema.Base.metadata.tables["session"]
_IMAGE = schema.Base.metadata.tables["image"]
_CHILDREN = [
    schema.Base.metadata.tables[name]
    for name in ("measure", "sample", "profile", "profile_path", "profile_class")
]

Row = dict[str, Any]


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
    databases refuses, or when a run is so old that nothing tells it from others.
    """
    with engine.explained(source.url), engine.looking(source.engine).connect() as connection:
        query = select(_RUN).order_by(_RUN.c.id)
        runs = _rows(connection, query if uid is None else query.where(_RUN.c.uid == uid))
    for run in runs:
        _need_uid(run, f"run {run['id']} in {engine.shown(source.url)}")
    return [_copy(source, target, run) for run in runs]


def _copy(source: Store, target: Store, run: Row) -> Copied:
    with engine.explained(source.url), engine.looking(source.engine).connect() as connection:
        of_run = select(_SESSION.c.id).where(_SESSION.c.run_id == run["id"]).order_by(_SESSION.c.id)
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
            evidence="it was stored by an older version of the lab",
            remedy="leave it where it is",
        )


def _rows(connection: Connection, query: Any) -> list[Row]:
    return [dict(row) for row in connection.execute(query).mappings()]


def _without_id(row: Row) -> Row:
    return {name: held for name, held in row.items() if name != "id"}


def _run(connection: Connection, run: Row) -> int:
    known: int | None = connection.scalar(select(_RUN.c.id).where(_RUN.c.uid == run["uid"]))
    return known if known is not None else _insert(connection, _RUN, _without_id(run))


def _end(connection: Connection, number: int, run: Row) -> None:
    status = status_now(run["status"], run["host"], run["pid"], run["pid_birth"])
    if status is not Status.RUNNING:
        unended = (Status.RUNNING, Status.INTERRUPTED)
        connection.execute(
            update(_RUN)
            .where(_RUN.c.id == number, _RUN.c.status.in_(unended))
            .values(status=status, finished=run["finished"] or run["started"])
        )


def _read(connection: Connection, session_id: int) -> _Whole:
    (session,) = _rows(connection, select(_SESSION).where(_SESSION.c.id == session_id))
    images = _rows(connection, select(_IMAGE).where(_IMAGE.c.id == session["image_id"]))
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
    uid = whole.session["uid"]
    if connection.scalar(select(_SESSION.c.id).where(_SESSION.c.uid == uid)) is not None:
        return False
    image = _image(connection, whole.image) if whole.image is not None else None
    row = {**_without_id(whole.session), "run_id": run_id, "image_id": image}
    session_id = _insert(connection, _SESSION, row)
    for table, rows in whole.children:
        if rows:
            connection.execute(
                insert(table), [{**_without_id(one), "session_id": session_id} for one in rows]
            )
    return True


def _image(connection: Connection, image: Row) -> int:
    known: int | None = connection.scalar(select(_IMAGE.c.id).where(_IMAGE.c.sha256 == image["sha256"]))
    return known if known is not None else _insert(connection, _IMAGE, _without_id(image))


def _insert(connection: Connection, table: Table, row: Row) -> int:
    key: Sequence[Any] | None = connection.execute(insert(table).values(**row)).inserted_primary_key
    assert key is not None, "each of these tables numbers its rows"
    return int(key[0])
