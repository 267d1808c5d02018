"""The comparison of two runs, which several pages show: kept, as one of a large bench takes seconds."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, islice
from threading import Lock
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select
from sqlalchemy.engine import URL

from hil.errors import StoreError
from hil.gate.result import MOVED, Result, told
from hil.gate.wording import one_line
from hil.measure.verdicts import Outcome
from hil.metrics import METRICS
from hil.thresholds import Thresholds
from hil_db import baselines, engine
from hil_db.comparing import Comparison, compare, outcome_of
from hil_db.references import LATEST, StoredRun, baseline_run
from hil_db.schema import NEWEST_VALUE, RUN, SESSION

_BRANCHES_MOST = 8
_KEPT_MOST = 4  # one of 576 images takes 20 MB
_SUMMED_MOST = 4_000
_STATES_MOST = 8
_SOON = 160  # sessions of the two runs: their comparison takes half a second
_PATIENCE_S = 1.0  # for another one that is being made
_TOLD_MOST = 3  # changes that a summary names

_kept: dict[Any, Comparison] = {}  # the one that was asked for last comes last
_summed: dict[Any, Summary] = {}
_states: dict[Any, _Every] = {}
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
    key = key_of(connection, now, before, thresholds, url)
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
    found = _looked_up(key_of(connection, now, before, thresholds, url))
    if found is not None:
        return found
    of_both = select(SESSION.c.id).where(SESSION.c.run_id.in_([now.id, before.id])).limit(_SOON + 1)
    if len(connection.scalars(of_both).all()) > _SOON:
        return None
    return made_if_free(connection, now, before, thresholds, url, _PATIENCE_S)


def made_if_free(
    connection: Connection,
    now: StoredRun,
    before: StoredRun,
    thresholds: Thresholds,
    url: URL,
    patience_s: float = 0.0,
) -> Comparison | None:
    """What ``comparison`` gives; None while another is being made, for which is waited at most so long."""
    key = key_of(connection, now, before, thresholds, url)
    found = _looked_up(key)
    if found is not None or not _making.acquire(timeout=patience_s):
        return found
    try:
        return _made(connection, now, before, thresholds, url, key)
    finally:
        _making.release()


def summary_of(comparison: Comparison) -> Summary:
    """A comparison in a few words."""
    changed = (
        f"{one.case.told}: {one_line(verdict)}"
        for one in Result(comparison).cases
        for verdict in told(one)[:1]
        if outcome_of(verdict) in MOVED
    )
    counts = (comparison.count(Outcome.REGRESSION), comparison.count(Outcome.IMPROVEMENT))
    return Summary(*counts, tuple(islice(changed, _TOLD_MOST)))


def judged_if_free(
    connection: Connection, now: StoredRun, before: StoredRun, thresholds: Thresholds, url: URL
) -> Summary | None:
    """What of images is worse, kept likewise; None while another comparison is being made.

    By all verdicts but those on what the bench itself takes, whose noise takes most of the time to know.
    """
    key = key_of(connection, now, before, thresholds, url)
    found = _summed.get(key)
    if found is not None or not _making.acquire(blocking=False):
        return found
    try:
        metrics = _of_images(connection)
        found = summary_of(compare(connection, now, before, thresholds, url, metrics=metrics))
    finally:
        _making.release()
    with _looking:
        _summed[key] = found
        while len(_summed) > _SUMMED_MOST:
            del _summed[next(iter(_summed))]
    return found


def summaries(
    connection: Connection, pairs: Sequence[tuple[int, int]], thresholds: Thresholds, url: URL
) -> list[Summary | None]:
    """Of runs against others, by their numbers, what is kept of ``judged_if_free``."""
    every = _every(connection, url)
    return [_summed.get(every.key(url, now, before, thresholds)) for now, before in pairs]


def _of_images(connection: Connection) -> set[str]:
    """The stored metrics but those that by no method are the same for the same image."""
    stored = connection.scalars(select(NEWEST_VALUE.c.metric).distinct())
    return {name for name in stored if name not in METRICS or METRICS[name].exact}


def key_of(
    connection: Connection, now: StoredRun, before: StoredRun, thresholds: Thresholds, url: URL
) -> Any:
    """What a comparison is kept by: while it is the same, so are the verdicts."""
    return _every(connection, url).key(url, now.id, before.id, thresholds)


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
    with _looking:
        _kept[key] = found
        while len(_kept) > _KEPT_MOST:
            del _kept[next(iter(_kept))]
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


class _Every:
    """The runs of one state of the database with their newest sessions, of which keys are made."""

    def __init__(self, connection: Connection, before: _Every | None = None) -> None:
        """With those of a state ``before``, in which all of them were, what is new since is read alone."""
        self._runs: dict[int, Any] = dict(before._runs) if before is not None else {}
        self._sessions: dict[int, int] = dict(before._sessions) if before is not None else {}
        self.newest: int = before.newest if before is not None else 0
        query = select(RUN.c.id, RUN.c.uid, RUN.c.started).where(RUN.c.id > max(self._runs, default=0))
        self._runs |= {row.id: row for row in connection.execute(query)}
        newest = func.max(SESSION.c.id)
        if before is None:  # the index on their runs has it, without a look at the sessions
            of_run = select(newest).where(SESSION.c.run_id == RUN.c.id).scalar_subquery()
            sessions = select(RUN.c.id, of_run)
        else:
            later = SESSION.c.id > self.newest
            sessions = select(SESSION.c.run_id, newest).where(later).group_by(SESSION.c.run_id)
        self._sessions |= {run: number or 0 for run, number in connection.execute(sessions)}
        self.newest = max(self._sessions.values(), default=0)
        runs = sorted(self._runs.values(), key=lambda row: row.started)
        self._started = [row.started for row in runs]
        self._newest = [0, *accumulate((self._sessions.get(row.id, 0) for row in runs), max)]

    @property
    def count(self) -> int:
        return len(self._runs)

    def lasts(self, connection: Connection) -> bool:
        """Whether its last run is that still: of those that were pruned SQLite gives the numbers again."""
        last = max(self._runs, default=None)
        uid = select(RUN.c.uid).where(RUN.c.id == last)
        return last is None or connection.scalar(uid) == self._runs[last].uid

    def key(self, url: URL, now: int, before: int, thresholds: Thresholds) -> Any:
        """What a comparison is kept by: a newer run is nothing to it."""
        new, old = self._runs[now], self._runs[before]
        count = bisect_right(self._started, new.started)
        state = (count + (old.started > new.started), max(self._newest[count], self._sessions.get(before, 0)))
        return (str(url), new.id, new.uid, old.id, old.uid, state, thresholds)


def _every(connection: Connection, url: URL) -> _Every:
    """Those of this state, kept until another is looked at."""
    counted = select(func.count()).select_from(RUN).scalar_subquery()
    newest = select(func.max(SESSION.c.id)).scalar_subquery()
    count, last = connection.execute(select(counted, newest)).one()
    place = (str(url), engine.identity(url))  # a file that took its place is another database
    with _looking:
        known = _states.get(place)
    if known is not None and not known.lasts(connection):
        known = None
    if known is not None and (known.count, known.newest) == (count, last or 0):
        return known
    found = _Every(connection, known if known is not None and known.newest <= (last or 0) else None)
    if found.count != count:  # runs were pruned since
        found = _Every(connection)
    with _looking:
        _states[place] = found
        while len(_states) > _STATES_MOST:
            del _states[next(iter(_states))]
    return found
