"""Setting, listing and removing baselines, in the words of `hil baseline`."""

from __future__ import annotations

import getpass
from difflib import get_close_matches

from sqlalchemy import Connection, select
from sqlalchemy.engine import URL

from hil.errors import StoreError
from hil_db import baselines, engine
from hil_db.baselines import Baseline
from hil_db.references import run_id, shown_uuid
from hil_db.schema import RUN, SESSION
from hil_db.store import Store


def author() -> str:
    """The user's name, as the system has it."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user id without a name
        return "unknown"


def name_run(url: str | None, name: str, run: str, who: str, reason: str) -> str:
    """Let a name stand for a run with results; returns a line on it. StoreError when it cannot."""
    baselines.check_name(name)
    if run == "all":
        raise StoreError("a baseline is one run", remedy="name its number or its UUID")
    with (
        Store.open_read_only(url) as store,
        engine.explained(store.url),
        store.engine.connect() as connection,
    ):
        number = run_id(connection, run, store.url)
        row = connection.execute(select(RUN).where(RUN.c.id == number)).one()
        if connection.scalar(select(SESSION.c.id).where(SESSION.c.run_id == row.id).limit(1)) is None:
            raise StoreError(
                f"run {row.id} in {engine.shown(store.url)} has no results", remedy="name another run"
            )
        before = baselines.current(connection).get(name)
        was = f"; it was {_told_run(connection, before.run_uid)}" if before is not None else ""
        now = _told_run(connection, row.uid)
    with Store.open(url) as store:
        baselines.add(store, Baseline(name, row.uid, who, baselines.now(), reason))
    return f"{name}: {now}{was}"


def take_away(url: str | None, name: str, who: str, reason: str) -> str:
    """Let a name stand for nothing; returns a line on it. StoreError when it does not stand for anything."""
    with (
        Store.open_read_only(url) as store,
        engine.explained(store.url),
        store.engine.connect() as connection,
    ):
        before = baselines.current(connection).get(name)
        if before is None:
            raise unknown(connection, name, store.url)
        was = _told_run(connection, before.run_uid)
    with Store.open(url) as store:
        baselines.add(store, Baseline(name, None, who, baselines.now(), reason))
    return f"{name} is no baseline any more; it was {was}"


def told(url: str | None, history: bool) -> list[str]:
    """A line for each baseline, or for each that there ever was, oldest first."""
    with (
        Store.open_read_only(url) as store,
        engine.explained(store.url),
        store.engine.connect() as connection,
    ):
        chosen = baselines.history(connection) if history else list(baselines.current(connection).values())
        return [_line(connection, one) for one in chosen]


def unknown(connection: Connection, name: str, url: URL) -> StoreError:
    """What to say of a name that stands for nothing: the nearest that does."""
    names = list(baselines.current(connection))
    near = get_close_matches(name, names, 1)
    remedy = f"did you mean {near[0]}?" if near else f"use one of {', '.join(names)}"
    return StoreError(
        f"there is no baseline {name!r} in {engine.shown(url)}",
        remedy=remedy if names else f"set one with {engine.command(url, 'baseline', 'set', name)}",
    )


def _line(connection: Connection, one: Baseline) -> str:
    what = _told_run(connection, one.run_uid) if one.run_uid is not None else "removed"
    when = one.time.strftime("%Y-%m-%d %H:%M")
    return f"{one.name}: {what}; {when} UTC by {one.author}: {one.reason}"


def _told_run(connection: Connection, uid: str | None) -> str:
    """A run by its number here, its UUID, when it began and of which commit."""
    row = connection.execute(select(RUN).where(RUN.c.uid == uid)).one_or_none()
    if row is None or row.uid is None:
        return f"a run that is not here ({shown_uuid(uid or '')})"
    commit = f", commit {row.git_commit[:12]}" if row.git_commit else ""
    return f"run {row.id} ({shown_uuid(row.uid)}) of {row.started:%Y-%m-%d %H:%M} UTC{commit}"
