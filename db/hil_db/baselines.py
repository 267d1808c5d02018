"""Named runs that others are compared with; what a name stood for before is kept."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

from sqlalchemy import Connection, insert, select

from hil.errors import StoreError
from hil_db.rows import stored_text
from hil_db.schema import BASELINE
from hil_db.store import Store

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/+-]{0,127}")
_MEANS_A_RUN = re.compile(r"\d+|[0-9a-f]{8,32}|latest|all")


@dataclass(frozen=True)
class Baseline:
    """What a name stands for from ``time`` on: the run of that uid, or none any more."""

    name: str
    run_uid: str | None
    author: str
    time: datetime
    reason: str


def add(store: Store, baseline: Baseline) -> None:
    """Let a name stand for another run, or for none; StoreError for a name that cannot be one."""
    check_name(baseline.name)
    row = {
        "uid": uuid4().hex,
        "name": baseline.name,
        "run_uid": baseline.run_uid,
        "author": stored_text(baseline.author)[:255],
        "time": baseline.time,
        "reason": stored_text(baseline.reason),
    }
    with store.writing() as connection:
        connection.execute(insert(BASELINE), row)


def check_name(name: str) -> None:
    """StoreError for one that could not be typed, or be told from a run's number or UUID."""
    if _NAME.fullmatch(name) is None or _MEANS_A_RUN.fullmatch(name) is not None:
        raise StoreError(
            f"{name!r} cannot be a baseline's name",
            remedy="choose up to 128 letters, digits and . _ / + - that are no run's number or UUID",
        )


def history(connection: Connection, name: str | None = None) -> list[Baseline]:
    """What a name stood for, or all names did, oldest first."""
    query = select(BASELINE).order_by(BASELINE.c.time, BASELINE.c.id)
    rows = connection.execute(query if name is None else query.where(BASELINE.c.name == name))
    return [Baseline(row.name, row.run_uid, row.author, row.time, row.reason) for row in rows]


def current(connection: Connection) -> dict[str, Baseline]:
    """What each name stands for now, by the name; the newest of a name counts."""
    newest = {one.name: one for one in history(connection)}
    return {name: newest[name] for name in sorted(newest) if newest[name].run_uid is not None}


def now() -> datetime:
    """The time that a baseline is set at."""
    return datetime.now(UTC)
