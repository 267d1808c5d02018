"""The comparison of two runs, which several pages show: kept, as one of a large bench takes seconds."""

from __future__ import annotations

from threading import Lock
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, or_, select
from sqlalchemy.engine import URL

from hil.errors import StoreError
from hil.thresholds import Thresholds
from hil_db import baselines
from hil_db.comparing import Comparison, compare
from hil_db.references import LATEST, StoredRun, baseline_run
from hil_db.schema import RUN, SESSION

_BRANCHES_MOST = 8
_KEPT_MOST = 4  # one of 576 images takes 20 MB

_kept: dict[Any, Comparison] = {}
_making = Lock()


class Baseline(NamedTuple):
    """The run to compare with; without one ``why`` there is none. ``ignored`` was asked for in vain."""

    run: StoredRun | None
    ignored: str | None
    why: str | None


def comparison(
    connection: Connection, now: StoredRun, before: StoredRun, thresholds: Thresholds, url: URL
) -> Comparison:
    """All verdicts of a run against another, made once until anything is stored that may change them.

    StoreError when what is stored cannot be understood.
    """
    key = (str(url), now.id, now.uid, before.id, before.uid, _state(connection, now, before), thresholds)
    found = _kept.get(key)
    if found is not None:
        return found
    with _making:  # who asks for the same meanwhile waits for it
        if key not in _kept:
            found = compare(connection, now, before, thresholds, url)
            while len(_kept) >= _KEPT_MOST:
                del _kept[next(iter(_kept))]
            _kept[key] = found
        return _kept[key]


def baseline_for(connection: Connection, asked: str | None, now: StoredRun, url: URL) -> Baseline:
    """The run that is ``asked`` for by a name, or the newest named one, or the one before on its branch."""
    ignored, why = None, None
    for name in dict.fromkeys([asked, *_named(connection), now.branch, LATEST]):
        if not name:
            continue
        try:
            return Baseline(baseline_run(connection, name, url, now), ignored, None)
        except StoreError as error:
            if name == asked:
                ignored = name
            why = error.what
    return Baseline(None, ignored, why)


def baseline_names(connection: Connection) -> list[str]:
    """The names of runs to compare with: baselines, the newest first, and branches."""
    branches = (
        select(RUN.c.git_branch)
        .where(RUN.c.git_branch.is_not(None))
        .group_by(RUN.c.git_branch)
        .order_by(func.max(RUN.c.started).desc())
    )
    return list(dict.fromkeys([*_named(connection), *connection.scalars(branches.limit(_BRANCHES_MOST))]))


def _named(connection: Connection) -> list[str]:
    named = sorted(baselines.current(connection).values(), key=lambda one: one.time, reverse=True)
    return [one.name for one in named]


def _state(connection: Connection, now: StoredRun, before: StoredRun) -> tuple[Any, ...]:
    """What changes with all that is stored that the comparison rests on: a newer run is nothing to it."""
    newest = select(func.max(SESSION.c.id)).where(SESSION.c.run_id == RUN.c.id).scalar_subquery()
    of_runs = or_(RUN.c.started <= now.started, RUN.c.id == before.id)
    return tuple(connection.execute(select(func.count(), func.max(newest)).where(of_runs)).one())
