"""What a power probe saw of a session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from hil_dashboards.choices.trace import TraceChoice
from hil_dashboards.reading import selects
from hil_dashboards.reading.columns import Rows
from hil_dashboards.reading.database import RunHead, newest_run, reading, rows, values
from hil_dashboards.reading.profile import PROFILES_MOST
from hil_db import engine, shelf
from hil_db.schema import SESSION
from hil_db.shelf import Shelf
from hil_db.traced import StoredPass, read_passes


@dataclass(frozen=True)
class TraceData:
    """The passes of one session on a power probe; without any ``session`` is None, or ``passes`` are empty.

    ``session`` has SESSION_COLUMNS, ``values`` (VALUE_COLUMNS) are what passes tell. ``others`` are runs that
    have passes of the same case, newest first, each with its session.
    """

    newest: RunHead | None
    session: tuple[Any, ...] | None
    passes: tuple[StoredPass, ...]
    values: Rows
    others: tuple[tuple[int, int], ...]
    shelf: Shelf


def read_trace(url: str | None, choice: TraceChoice) -> TraceData:
    """What a power probe saw of the choice's session. StoreError when the database cannot be read."""
    kept = shelf.of(engine.parse(url))
    with reading(url) as connection:
        newest = newest_run(connection)
        session_id = connection.scalar(selects.traced_session(choice)) if choice.complete else None
        if session_id is None:
            return TraceData(newest, None, (), [], (), kept)
        (session,) = rows(connection, selects.one_session(session_id))
        passes = read_passes(connection, select(SESSION.c.id).where(SESSION.c.id == session_id))
        told = values(connection, selects.power_values(session_id))
        others = connection.execute(selects.traced_runs(session_id, PROFILES_MOST)).all()
        runs = tuple((run, other) for run, other in others)
        return TraceData(newest, session, tuple(passes), told, runs, kept)


def read_pass(url: str | None, session: int, number: int) -> StoredPass | None:
    """One pass; None when there is no such. StoreError when the database cannot be read."""
    with reading(url) as connection:
        passes = read_passes(connection, select(SESSION.c.id).where(SESSION.c.id == session))
    return next((one for one in passes if one.number == number), None)
