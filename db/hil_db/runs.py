"""Which runs a user means by ``latest``, ``all``, a number or a UUID."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import Connection, Select, func, select
from sqlalchemy.engine import URL

from hil.errors import StoreError
from hil_db import engine
from hil_db.schema import RUN, SESSION

_DIGITS = 18  # of a run's number, at most
_MOST = (1 << 31) - 1  # a server refuses to compare the column with more
_NAMED = 8  # so many runs does an error name
_UUID = re.compile(r"[0-9a-f]{8,32}")  # or as much of its beginning as tells it from others


def run_ids(connection: Connection, run: str, url: URL) -> list[int] | None:
    """The runs that ``latest``, ``all`` (None: no limit), an id or a UUID means; StoreError for none such."""
    return None if run == "all" else [run_id(connection, run, url, "latest, all,")]


def run_id(connection: Connection, run: str, url: URL, words: str = "latest") -> int:
    """The run that ``latest``, an id or a UUID means; StoreError for none such, which says ``words`` to use.

    ``latest`` is the newest run with results.
    """
    where, bench = engine.shown(url), engine.bench_command(url)
    if connection.scalar(select(func.max(RUN.c.id))) is None:
        raise StoreError(f"no run is stored in {where} yet", remedy=f"run {bench} first")
    if run == "latest":
        latest: int | None = connection.scalar(latest_run())
        if latest is None:
            raise StoreError(
                f"no run in {where} has results", remedy=f"run {bench}, or choose one with --run"
            )
        return latest
    found = _of_number(connection, run) or _of_uuid(connection, run)
    if not found:
        raise StoreError(
            f"there is no run {run!r} in {where}", remedy=f"use {words} or one of {_known(connection)}"
        )
    if len(found) > 1:
        raise StoreError(
            f"{run} begins the UUIDs of several runs in {where}",
            evidence=f"runs {', '.join(map(str, found[:_NAMED]))}",
            remedy="give more of it",
        )
    return found[0]


def latest_run() -> Select[*tuple[Any, ...]]:
    """The id of the run that began last of those with results; a run may be stored long after it ran."""
    with_results = select(SESSION.c.id).where(SESSION.c.run_id == RUN.c.id).exists()
    return select(RUN.c.id).where(with_results).order_by(RUN.c.started.desc(), RUN.c.id.desc()).limit(1)


def shown_uuid(uid: str) -> str:
    """A stored uid as a UUID is written."""
    return "-".join((uid[:8], uid[8:12], uid[12:16], uid[16:20], uid[20:]))


def _of_number(connection: Connection, run: str) -> list[int]:
    if not run.isdecimal() or len(run) > _DIGITS or not 1 <= int(run) <= _MOST:
        return []
    return list(connection.scalars(select(RUN.c.id).where(RUN.c.id == int(run))))


def _of_uuid(connection: Connection, run: str) -> list[int]:
    begins = run.strip().lower().replace("-", "")
    if _UUID.fullmatch(begins) is None:
        return []
    return list(connection.scalars(select(RUN.c.id).where(RUN.c.uid.startswith(begins)).order_by(RUN.c.id)))


def _known(connection: Connection) -> str:
    """The newest runs there are."""
    newest = connection.scalars(select(RUN.c.id).order_by(RUN.c.id.desc()).limit(_NAMED + 1)).all()
    return ", ".join(str(run) for run in newest[:_NAMED]) + (", …" if len(newest) > _NAMED else "")
