"""Which run is meant: by its number or UUID, a baseline's name, a branch, a tag, a commit, or ``latest``.

Every command that takes a run asks here, so that a name means the same everywhere.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, count
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, Text, and_, cast, func, select
from sqlalchemy.engine import URL

from hil.errors import StoreError
from hil_db import engine
from hil_db.liveness import status_now
from hil_db.records import Status
from hil_db.schema import BASELINE, RUN, SESSION
from hil_db.trials import is_no_trial

LATEST = "latest"
_MOST = (1 << 31) - 1  # a server refuses to compare the column with more
_DIGITS = 18  # of a run's number, at most
_OWN_FIRST = (RUN.c.origin.is_(None), RUN.c.origin.is_not(None))
_LEAST_OF_UID = 4  # hexadecimal digits
_LEAST_OF_COMMIT = 7
_AT_ONCE = 16  # runs that are read
_NAMED = 8  # so many does an error name
_TEXTS = ("uid", "host", "git_commit", "git_branch", "lab_path", "lab_sha256", "origin")
_COLUMNS = (
    RUN.c.id,
    RUN.c.uid,
    RUN.c.started,
    RUN.c.status,
    RUN.c.host,
    RUN.c.pid,
    RUN.c.pid_birth,
    RUN.c.git_commit,
    RUN.c.git_dirty,
    RUN.c.git_branch,
    RUN.c.lab_path,
    RUN.c.lab_sha256,
    RUN.c.origin,
)


@dataclass(frozen=True)
class StoredRun:
    """What is told of a run that was found; ``name`` is what it was asked for by.

    ``origin`` is the database that it was imported from, None for one that began in this.
    """

    id: int
    uid: str | None
    started: datetime
    status: Status
    commit: str | None
    dirty: bool | None
    branch: str | None
    lab_path: str | None
    lab_sha256: str | None
    name: str
    host: str = ""
    origin: str | None = None

    @property
    def told(self) -> str:
        """It in a few words: ``run 12 (main, 2b16f4c, 2026-11-24 03:00)``."""
        about = [self.branch] if self.branch else []
        if self.commit:
            about.append(self.commit[:10] + ("+" if self.dirty else ""))
        about.append(f"{self.started:%Y-%m-%d %H:%M}")
        if self.origin is not None:
            about.append(f"imported from {self.origin}")
        return f"run {self.id} ({', '.join(about)})"


def checked_run(connection: Connection, name: str, url: URL) -> StoredRun:
    """The run to be looked at: ``latest`` is the newest with results that has ended, however it did.

    StoreError when there is none, or what ``baseline_run`` refuses.
    """
    if name != LATEST:
        return _resolve(connection, name, url, None)
    found = _newest(connection, _has_results(), LATEST, lambda run: run.status is not Status.RUNNING)
    if found is None:
        raise StoreError(
            f"no run with results is stored in {engine.shown(url)}",
            remedy=f"run {engine.bench_command(url)} first",
        )
    return found


def baseline_run(connection: Connection, name: str, url: URL, run: StoredRun | None = None) -> StoredRun:
    """The run that others are compared with; never ``run`` itself, which it may be compared with.

    A name is the number of a run, else a baseline, else a branch, whose newest finished run it is, else a tag
    or a commit, likewise, else the beginning of a run's UUID. ``latest`` is the newest finished run.
    StoreError when nothing is called so, naming the nearest that is; when a branch has no finished run; when
    the beginning of a UUID is that of several; when a baseline's run was pruned.
    """
    found = _resolve(connection, name, url, run)
    if run is not None and found.id == run.id:
        raise StoreError(
            f"{name!r} is {found.told} itself, which was to be compared with it",
            remedy="name another with --baseline, or another with --run",
        )
    return found


def run_ids(connection: Connection, name: str, url: URL) -> list[int] | None:
    """The runs that a name means, for which ``all`` is one as well (None: no limit); StoreError for none."""
    return None if name == "all" else [run_id(connection, name, url, f"{LATEST}, all")]


def run_id(connection: Connection, name: str, url: URL, words: str = LATEST) -> int:
    """The number of the run that a name means, as of ``baseline_run``; ``latest`` is the newest with results.

    StoreError for none such, which says the ``words`` to use.
    """
    if connection.scalar(select(func.max(RUN.c.id))) is None:
        bench = engine.bench_command(url)
        raise StoreError(f"no run is stored in {engine.shown(url)} yet", remedy=f"run {bench} first")
    if name != LATEST:
        return _resolve(connection, name, url, None, words).id
    latest: int | None = connection.scalar(latest_run())
    if latest is None:
        bench = engine.bench_command(url)
        raise StoreError(
            f"no run in {engine.shown(url)} has results", remedy=f"run {bench}, or choose one with --run"
        )
    return latest


def latest_run() -> Select[*tuple[Any, ...]]:
    """The id of the run that began last of those with results; a run may be stored long after it ran.

    One of another lab is it only where there is no other.
    """
    own, others = (
        select(RUN.c.id).where(_has_results(), of_it).order_by(*_latest_first()).limit(1).scalar_subquery()
        for of_it in _OWN_FIRST
    )
    return select(func.coalesce(own, others))


def newest_first() -> tuple[ColumnElement[Any], ...]:
    """The order in which a name means runs: this lab's own before those of others."""
    return RUN.c.origin.is_not(None), RUN.c.started.desc(), RUN.c.id.desc()


def shown_uuid(uid: str) -> str:
    """A stored uid as a UUID is written."""
    return "-".join((uid[:8], uid[8:12], uid[12:16], uid[16:20], uid[20:]))


def _latest_first() -> tuple[ColumnElement[Any], ...]:
    """``newest_first`` where all are own runs or none is: an index has them in that order."""
    return RUN.c.started.desc(), RUN.c.id.desc()


def _resolve(
    connection: Connection, name: str, url: URL, other_than: StoredRun | None, words: str = LATEST
) -> StoredRun:
    if not name:
        raise _unknown(connection, name, url, words)
    if name.isdecimal() and len(name) <= _DIGITS and int(name) <= _MOST:
        found = _newest(connection, RUN.c.id == int(name), name)
        if found is not None:
            return found
    baseline = _of_baseline(connection, name, url)
    if baseline is not None:
        return baseline
    others = [] if other_than is None else [RUN.c.id != other_than.id]
    kinds: list[tuple[str, ColumnElement[bool] | None]] = [
        ("branch", RUN.c.git_branch == name),
        ("tag", _tagged(connection, name)),
        ("commit", _of_commit(name)),
    ]
    if name == LATEST:
        kinds = [("database", _has_results())]
    for kind, where in kinds:
        if where is None or connection.scalar(select(RUN.c.id).where(where).limit(1)) is None:
            continue
        finished = _newest(connection, and_(where, RUN.c.status == Status.FINISHED, *others), name)
        if finished is not None:
            return finished
        raise _nothing_finished(connection, kind, where, name, url, other_than)
    found = _of_uid(connection, name, url)
    if found is not None:
        return found
    raise _unknown(connection, name, url, words)


def _newest(
    connection: Connection,
    where: ColumnElement[bool],
    name: str,
    wanted: Callable[[StoredRun], bool] | None = None,
) -> StoredRun | None:
    """The run of those that began last, of those ``wanted`` where it says which; own ones come first."""
    queries = (select(*_COLUMNS).where(where, of_it).order_by(*_latest_first()) for of_it in _OWN_FIRST)
    for row in chain.from_iterable(_rows(connection, query, wanted is None) for query in queries):
        _check_texts(row)
        status = status_now(row.status, row.host, row.pid, row.pid_birth)
        about = (row.git_commit, row.git_dirty, row.git_branch, row.lab_path, row.lab_sha256)
        run = StoredRun(row.id, row.uid, row.started, status, *about, name, row.host, row.origin)
        if wanted is None or wanted(run):
            return run
    return None


def _check_texts(row: Row[*tuple[Any, ...]]) -> None:
    """TypeError for a run of whose texts one is none: SQLite keeps whatever a column is given."""
    for name in _TEXTS:
        held = getattr(row, name)
        if not isinstance(held, str | None):
            raise TypeError(f"the {name} of run {row.id} is {held!r:.40}")


def _rows(connection: Connection, query: Select[*tuple[Any, ...]], one: bool) -> Iterator[Any]:
    """The rows of a query, a few at a time, as most are not looked at; the first alone where ``one`` is."""
    most = 1 if one else _AT_ONCE
    for first in count(0, most):
        rows = connection.execute(query.limit(most).offset(first)).all()
        yield from rows
        if one or len(rows) < most:
            return


def _has_results() -> ColumnElement[bool]:
    return and_(select(SESSION.c.id).where(SESSION.c.run_id == RUN.c.id).exists(), is_no_trial())


def _of_baseline(connection: Connection, name: str, url: URL) -> StoredRun | None:
    newest = select(BASELINE.c.run_uid).where(BASELINE.c.name == name).order_by(BASELINE.c.id.desc()).limit(1)
    uid = connection.scalar(newest)
    if uid is None:  # there is none, or it was removed
        return None
    found = _newest(connection, RUN.c.uid == uid, name)
    if found is None:
        raise StoreError(
            f"the run of the baseline {name!r} is not in {engine.shown(url)} any more",
            evidence=f"its UUID is {uid}",
            remedy="name another run as that baseline, or import the run again",
        )
    return found


def _tagged(connection: Connection, name: str) -> ColumnElement[bool] | None:
    held = cast(RUN.c.git_tags, Text)
    rows = connection.execute(select(RUN.c.id, held).where(held != "[]", held.is_not(None)))
    found = [number for number, tags in rows if name in json.loads(tags)]
    return RUN.c.id.in_(found) if found else None


def _of_commit(name: str) -> ColumnElement[bool] | None:
    if not re.fullmatch(f"[0-9a-fA-F]{{{_LEAST_OF_COMMIT},}}", name):
        return None
    return and_(RUN.c.git_commit.startswith(name.lower(), autoescape=True), is_no_trial())


def _of_uid(connection: Connection, name: str, url: URL) -> StoredRun | None:
    digits = name.replace("-", "").lower()
    if not re.fullmatch(f"[0-9a-f]{{{_LEAST_OF_UID},32}}", digits):
        return None
    begins = RUN.c.uid.startswith(digits, autoescape=True)
    found: Sequence[str] = connection.scalars(select(RUN.c.uid).where(begins).limit(_NAMED + 1)).all()
    if len(found) > 1:
        raise StoreError(
            f"the UUIDs of several runs in {engine.shown(url)} begin with {name!r}",
            evidence=_listed(sorted(found)),
            remedy="give more of it",
        )
    return _newest(connection, RUN.c.uid == found[0], name) if found else None


def _nothing_finished(
    connection: Connection,
    kind: str,
    where: ColumnElement[bool],
    name: str,
    url: URL,
    other_than: StoredRun | None,
) -> StoreError:
    held = connection.execute(
        select(RUN.c.id, RUN.c.status).where(where).order_by(RUN.c.started.desc()).limit(_NAMED)
    ).all()
    told = [
        f"run {row.id} {'is the one to compare' if other_than and row.id == other_than.id else row.status}"
        for row in held
    ]
    what = f"the {kind} {name!r}" if name != LATEST else "the database"
    return StoreError(
        f"{what} has no finished run to compare with in {engine.shown(url)}",
        evidence=", ".join(told),
        remedy="let one finish, or name a run by its number",
    )


def _unknown(connection: Connection, name: str, url: URL, words: str) -> StoreError:
    known = _names(connection)
    near = [] if name.isdecimal() else difflib.get_close_matches(name, known, n=1)
    newest = connection.scalars(select(RUN.c.id).order_by(RUN.c.id.desc()).limit(_NAMED + 1)).all()
    names = [one for one in known if one != LATEST]
    remedy = f"run {engine.bench_command(url)} on it first"
    if newest:
        remedy = f"did you mean {near[0]!r}? Else use " if near else "use "
        remedy += f"{words} or one of {_listed([str(run) for run in newest])}"
        remedy += f"; names: {_listed(names)}" if names and not near else ""
    return StoreError(
        f"there is no run {name!r} in {engine.shown(url)}",
        evidence="no baseline, branch, tag or commit is called so" if name else "its name is empty",
        remedy=remedy,
    )


def _names(connection: Connection) -> list[str]:
    """Baselines, branches and tags, those of the newest runs first."""
    newest = select(func.max(BASELINE.c.id)).group_by(BASELINE.c.name)
    named = select(BASELINE.c.name).where(BASELINE.c.id.in_(newest), BASELINE.c.run_uid.is_not(None))
    branches = (
        select(RUN.c.git_branch)
        .where(RUN.c.git_branch.is_not(None))
        .group_by(RUN.c.git_branch)
        .order_by(func.max(RUN.c.started).desc())
    )
    held = cast(RUN.c.git_tags, Text)
    tags = select(held).where(held != "[]", held.is_not(None)).order_by(RUN.c.started.desc())
    tagged = (tag for text in connection.scalars(tags) for tag in json.loads(text))
    found: Iterable[str] = (*connection.scalars(named), *connection.scalars(branches), *tagged, LATEST)
    return list(dict.fromkeys(found))


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMED]) + (", …" if len(names) > _NAMED else "")
