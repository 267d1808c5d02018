"""The comparison of two runs, which several pages show: kept, as one of a large bench takes seconds."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from threading import Lock
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, or_, select
from sqlalchemy.engine import URL

from hil.errors import StoreError
from hil.gate.result import MOVED, Result, told
from hil.gate.wording import one_line
from hil.measure.verdicts import Outcome
from hil.thresholds import Thresholds
from hil_db import baselines
from hil_db.comparing import Comparison, compare, outcome_of
from hil_db.references import LATEST, StoredRun, baseline_run
from hil_db.schema import RUN, SESSION

_BRANCHES_MOST = 8
_KEPT_MOST = 4  # one of 576 images takes 20 MB
_SUMMED_MOST = 4_000
_SOON = 160  # sessions of the two runs: their comparison takes half a second
_TOLD_MOST = 3  # changes that a summary names

_State = tuple[int, int]

_kept: dict[Any, Comparison] = {}  # the one that was asked for last comes last
_summed: dict[Any, Summary] = {}
_making, _looking = Lock(), Lock()


@dataclass(frozen=True)
class Summary:
    """How many images are worse, and how many better but in nothing worse; ``told`` names the worst."""

    worse: int
    better: int
    told: tuple[str, ...]


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
    key = _key(url, now, before, _state(connection, now, before), thresholds)
    found = _looked_up(key)
    if found is not None:
        return found
    with _making:  # who asks for the same meanwhile waits for it
        return _made(connection, now, before, thresholds, url, key)


def at_hand(
    connection: Connection, now: StoredRun, before: StoredRun, thresholds: Thresholds, url: URL
) -> Comparison | None:
    """What ``comparison`` gives where it is kept, or soon made; None where a page would wait for it.

    Then `/comparing` makes it: pages say so with ``pages.parts.comparing``.
    """
    found = _looked_up(_key(url, now, before, _state(connection, now, before), thresholds))
    if found is not None:
        return found
    of_both = select(SESSION.c.id).where(SESSION.c.run_id.in_([now.id, before.id])).limit(_SOON + 1)
    if len(connection.scalars(of_both).all()) > _SOON:
        return None
    return comparison(connection, now, before, thresholds, url)


def made_if_free(
    connection: Connection, now: StoredRun, before: StoredRun, thresholds: Thresholds, url: URL
) -> Comparison | None:
    """What ``comparison`` gives; None while another is being made, which is not waited for."""
    key = _key(url, now, before, _state(connection, now, before), thresholds)
    found = _looked_up(key)
    if found is not None or not _making.acquire(blocking=False):
        return found
    try:
        return _made(connection, now, before, thresholds, url, key)
    finally:
        _making.release()


def summary_of(comparison: Comparison) -> Summary:
    """A comparison in a few words."""
    result = Result(comparison)
    changed = [
        f"{one.case.told}: {one_line(verdict)}"
        for one in result.cases[:_TOLD_MOST]
        for verdict in told(one)[:1]
        if outcome_of(verdict) in MOVED
    ]
    counts = (comparison.count(Outcome.REGRESSION), comparison.count(Outcome.IMPROVEMENT))
    return Summary(*counts, tuple(changed))


def summaries(
    connection: Connection, pairs: Sequence[tuple[StoredRun, StoredRun]], thresholds: Thresholds, url: URL
) -> list[Summary | None]:
    """Of runs against others what is known of it without comparing them."""
    states = _States(connection)
    keys = [_key(url, now, before, states.of(now, before), thresholds) for now, before in pairs]
    return [_summed.get(key) for key in keys]


def _key(url: URL, now: StoredRun, before: StoredRun, state: _State, thresholds: Thresholds) -> Any:
    return (str(url), now.id, now.uid, before.id, before.uid, state, thresholds)


def _looked_up(key: Any) -> Comparison | None:
    with _looking:
        found = _kept.pop(key, None)
        if found is not None:
            _kept[key] = found
        return found


def _made(
    connection: Connection, now: StoredRun, before: StoredRun, thresholds: Thresholds, url: URL, key: Any
) -> Comparison:
    """For who has the lock."""
    found = _looked_up(key) or compare(connection, now, before, thresholds, url)
    summary = _summed.get(key) or summary_of(found)
    with _looking:
        _kept[key], _summed[key] = found, summary
        for held, most in ((_kept, _KEPT_MOST), (_summed, _SUMMED_MOST)):
            while len(held) > most:
                del held[next(iter(held))]
    return found


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


def _newest() -> Any:
    return select(func.max(SESSION.c.id)).where(SESSION.c.run_id == RUN.c.id).scalar_subquery()


def _state(connection: Connection, now: StoredRun, before: StoredRun) -> _State:
    """What changes with all that is stored that the comparison rests on: a newer run is nothing to it."""
    of_runs = or_(RUN.c.started <= now.started, RUN.c.id == before.id)
    count, newest = connection.execute(select(func.count(), func.max(_newest())).where(of_runs)).one()
    return count, newest or 0


class _States:
    """The same for many runs, of one state of the database."""

    def __init__(self, connection: Connection) -> None:
        rows = connection.execute(select(RUN.c.id, RUN.c.started, _newest()).order_by(RUN.c.started)).all()
        self._started = [started for _, started, _ in rows]
        self._newest = [0, *accumulate((newest or 0 for *_, newest in rows), max)]
        self._of_run = {run: newest or 0 for run, _, newest in rows}

    def of(self, now: StoredRun, before: StoredRun) -> _State:
        """That of one comparison."""
        count = bisect_right(self._started, now.started)
        newest = max(self._newest[count], self._of_run.get(before.id, 0))
        return count + (before.started > now.started), newest
