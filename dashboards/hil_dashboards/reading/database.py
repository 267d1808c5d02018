"""What all pages ask the database; each opens it, reads one consistent state, and closes it again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, select

from hil.text.wording import conditions_text
from hil_dashboards.reading.columns import VALUE_COLUMNS, Rows
from hil_dashboards.reading.selects import Statement
from hil_db import engine, faults
from hil_db.liveness import status_now
from hil_db.records import Status
from hil_db.references import latest_run
from hil_db.schema import INCIDENT, RUN
from hil_db.store import Store

INCIDENTS_MOST = 5

_NUMBERS = [VALUE_COLUMNS.index(name) for name in ("vectors", "value", "resolution", "low", "high")]


@dataclass(frozen=True)
class RunHead:
    """One run with its status as of now; ``started`` is in UTC, ``note`` what its commit does not tell.

    ``incidents`` has a line on each failure of the bench itself in it, the first ones.
    """

    id: int
    started: datetime
    status: Status
    host: str
    commit: str | None
    dirty: bool | None
    note: str | None
    incidents: tuple[str, ...] = ()


def exists(url: str | None) -> bool:
    """False when the database is a file that nobody has made yet."""
    path = engine.file_of(engine.parse(url))
    if path is None:
        return True
    try:
        return path.exists()
    except OSError as error:  # its folder may not be looked into
        raise faults.closed(path, error) from error


@contextmanager
def reading(url: str | None) -> Iterator[Connection]:
    """One consistent state of the database, to read alone. StoreError when it cannot be read."""
    with (
        Store.open_read_only(url) as store,
        engine.explained(store.url),
        store.engine.connect() as connection,
    ):
        yield connection


def rows(connection: Connection, query: Statement) -> Rows:
    return [tuple(row) for row in connection.execute(query)]


def values(connection: Connection, query: Statement) -> Rows:
    """Rows with VALUE_COLUMNS. The same few conditions stand beside all of them: each is read once."""
    return checked([(*cells, told(conditions)) for *cells, conditions in connection.execute(query)])


def checked(rows: Rows) -> Rows:
    """Rows with VALUE_COLUMNS whose numbers are some; TypeError for others."""
    for row in rows:
        for place in _NUMBERS:  # SQLite keeps whatever a column is given
            if isinstance(row[place], str | bytes):
                raise TypeError(f"a {VALUE_COLUMNS[place]} is {row[place]!r:.40}")
    return rows


@lru_cache
def told(conditions: str | None) -> str:
    """Stored conditions in words; TypeError and ValueError for what are none."""
    held = json.loads(conditions or "{}")
    if not isinstance(held, dict):
        raise TypeError(f"the conditions of a measure are {held!r:.40}")
    return conditions_text(held)


def names(connection: Connection, column: Any) -> list[str]:
    return sorted(connection.scalars(select(column).distinct()))


def newest_run(connection: Connection) -> RunHead | None:
    """What heads the pages; None without a run that has results."""
    latest = latest_run().scalar_subquery()
    run = connection.execute(select(RUN).where(RUN.c.id == latest)).one_or_none()
    if run is None:
        return None
    status = status_now(run.status, run.host, run.pid, run.pid_birth)
    of_commit = (run.git_commit, run.git_dirty, run.git_note)
    return RunHead(run.id, run.started, status, run.host, *of_commit, _incidents(connection, run.id))


def _incidents(connection: Connection, run: int) -> tuple[str, ...]:
    query = select(INCIDENT).where(INCIDENT.c.run_id == run).order_by(INCIDENT.c.time, INCIDENT.c.id)
    found = connection.execute(query.limit(INCIDENTS_MOST + 1)).all()
    told = [f"{one.board}: {one.kind}: {one.action}" for one in found[:INCIDENTS_MOST]]
    more = ["and more; `hil export --incidents` prints all"] if len(found) > INCIDENTS_MOST else []
    return (*told, *more)
