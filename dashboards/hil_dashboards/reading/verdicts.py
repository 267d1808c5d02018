"""The verdicts of the newest values, by the same code as `hil check`, and kept."""

from __future__ import annotations

import time
from collections.abc import Hashable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection
from sqlalchemy.engine import URL

from hil.gate.marks import MARKS, TOLERATED, Mark, mark_of
from hil.gate.wording import change
from hil.measure.verdicts import Outcome, Verdict
from hil.thresholds import Thresholds, load_thresholds
from hil_dashboards.reading.comparisons import key_of
from hil_dashboards.reading.database import reading
from hil_dashboards.reading.keeping import Keeper
from hil_db.comparing import compare
from hil_db.histories import Case
from hil_db.records import Status
from hil_db.references import StoredRun, checked_run

_LATELY_S = 120
RUNS_MOST = 8  # whose values are compared: who looks at older ones chooses their baseline


class Judged(NamedTuple):
    """What came of a value's comparison, in short: a sign, a word and a class, and by how much it changed.

    ``before`` is what it was, of one ``vector`` where that alone tells it. ``technique`` is that of the two
    values, None where there are not two; ``share`` is the change as one of what it was.
    """

    mark: Mark
    change: str
    reason: str
    before: float | None = None
    vector: int | None = None
    technique: str | None = None
    share: float | None = None


Verdicts = Mapping[tuple[Case, str | None], Judged]  # by case and metric; None: of the case as a whole
_kept: Keeper[Verdicts] = Keeper(24)


class Comparisons(NamedTuple):
    """Verdicts by run, case and metric; ``pending``: not all of them are found yet.

    ``apart`` are runs whose values are not compared, each with the reason.
    """

    found: Mapping[int, Verdicts]
    apart: Mapping[int, str]
    pending: bool


def lately() -> int:
    """A number that is another one every two minutes."""
    return int(time.monotonic() // _LATELY_S)


def verdicts(
    connection: Connection,
    url: str | None,
    place: URL,
    before: StoredRun | None,
    runs: Iterable[int],
    metrics: frozenset[str],
    patience_s: float | None,
) -> Comparisons:
    """Of these runs, the newest first, against the baseline; of some metrics alone.

    Of a run that goes on they may be two minutes old. ``patience_s`` is how long is waited for what has to
    be found first, None: as long as it takes. StoreError when what is stored cannot be compared, LabError for
    thresholds that make no sense.
    """
    if before is None:
        return Comparisons({}, {}, pending=False)
    thresholds = load_thresholds(None, Path.cwd())
    ends = None if patience_s is None else time.monotonic() + patience_s
    found: dict[int, Verdicts] = {}
    apart: dict[int, str] = {}
    pending = False
    for run in runs:
        if run == before.id:
            apart[run] = "it is the baseline's own"
            continue
        now = checked_run(connection, str(run), place)
        if now.started < before.started:
            apart[run] = f"it is older than the baseline, run {before.id}"
        elif len(found) >= RUNS_MOST:
            apart[run] = f"only the values of {RUNS_MOST} runs are compared"
        else:
            held = _of_run(connection, url, place, now, before, thresholds, metrics, ends)
            found[run], pending = held or {}, pending or held is None
    return Comparisons(found, apart, pending)


def _of_run(
    connection: Connection,
    url: str | None,
    place: URL,
    now: StoredRun,
    before: StoredRun,
    thresholds: Thresholds,
    metrics: frozenset[str],
    ends: float | None,
) -> Verdicts | None:
    key: Hashable = (key_of(connection, now, before, thresholds, place), metrics)
    if now.status is Status.RUNNING:  # another session of it is stored every other second
        key = (str(place), now.id, now.uid, before.id, before.uid, thresholds, metrics, lately())
    if ends is None:
        return _kept.get(key, lambda: _found(connection, place, now, before, thresholds, metrics))

    def find() -> Verdicts:  # in a thread: a connection is one thread's
        with reading(url) as own:
            return _found(own, place, now, before, thresholds, metrics)

    return _kept.soon(key, find, max(0.0, ends - time.monotonic()))


def _found(
    connection: Connection,
    place: URL,
    now: StoredRun,
    before: StoredRun,
    thresholds: Thresholds,
    metrics: frozenset[str],
) -> Verdicts:
    found: dict[tuple[Case, str | None], Judged] = {}
    for one in compare(connection, now, before, thresholds, place, metrics=metrics).cases:
        if one.alone is not None:
            found[one.case, None] = Judged(MARKS[one.alone], "", one.reason or "")
        for verdict in one.verdicts:
            found[one.case, verdict.metric.name] = _judged(verdict)
    return found


def _judged(verdict: Verdict) -> Judged:
    alone, before, after = verdict.alone, verdict.before, verdict.after
    mark = mark_of(verdict)
    both = after if before is not None and verdict.outcome is not Outcome.NOT_COMPARABLE else None
    changed = mark in (MARKS[Outcome.REGRESSION], MARKS[Outcome.IMPROVEMENT], TOLERATED)
    return Judged(
        mark,
        change(verdict).replace("-", "−") if changed else "",
        verdict.reason,
        alone.before if alone is not None else before.value if before is not None else None,
        alone.vector if alone is not None else None,
        after.technique
        if both and after is not None and verdict.outcome is not Outcome.NOT_COMPARABLE
        else None,
        verdict.share,
    )
