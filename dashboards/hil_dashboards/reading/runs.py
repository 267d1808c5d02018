"""The runs of a database, newest first, with how each went."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, case, false, func, not_, or_, select
from sqlalchemy.engine import URL, Row

from hil.errors import NOT_FIT, StoreError
from hil.thresholds import Thresholds, load_thresholds
from hil_dashboards.choices.run import RunsChoice, Sort
from hil_dashboards.reading.comparisons import Summary, baseline_names, summaries
from hil_dashboards.reading.database import RunHead, newest_run, reading
from hil_db import engine
from hil_db.liveness import status_now
from hil_db.records import Status
from hil_db.references import baseline_run
from hil_db.schema import BASELINE, NEWEST_SESSION, RUN, SESSION
from hil_db.trials import is_no_trial, of_trial

RUNS_A_PAGE = 100
_NEWEST_FIRST = (RUN.c.started.desc(), RUN.c.id.desc())
_NAMES_MOST = 200  # branches and hosts to choose from


@dataclass(frozen=True)
class BoardCount:
    """How many sessions of a run one board had; of those that did not finish, how many images did not fit."""

    board: str
    sessions: int
    finished: int
    not_fit: int


@dataclass(frozen=True)
class RunFacts:
    """What is stored of one run; ``status`` is as of now, times are in UTC.

    ``uid`` is the same in every database, ``names`` are the baselines that it is. ``before`` is the newest
    finished run that began before it on its branch, of the same origin; None for the first, and for trials.
    """

    id: int
    uid: str | None
    started: datetime
    finished: datetime | None
    status: Status
    command: str
    host: str
    commit: str | None
    dirty: bool | None
    note: str | None
    branch: str | None
    tags: tuple[str, ...]
    versions: dict[str, str]
    origin: str | None
    lab_path: str | None
    lab_sha256: str | None
    before: int | None
    boards: tuple[BoardCount, ...] = ()
    names: tuple[str, ...] = ()

    @property
    def sort(self) -> Sort:
        """What it is of."""
        if of_trial(self.command):
            return Sort.TRIAL
        return Sort.BENCH if self.origin is None else Sort.IMPORTED

    @property
    def seconds(self) -> float | None:
        """How long it took; None for one that has not ended."""
        return None if self.finished is None else (self.finished - self.started).total_seconds()

    @property
    def sessions(self) -> int:
        """Of all its boards."""
        return sum(one.sessions for one in self.boards)

    @property
    def not_fit(self) -> int:
        """Sessions whose images are larger than their boards."""
        return sum(one.not_fit for one in self.boards)

    @property
    def failed(self) -> int:
        """Sessions that did not finish for another reason."""
        return self.sessions - sum(one.finished for one in self.boards) - self.not_fit


class Worse(NamedTuple):
    """What of a run's images is worse than in the run ``before``; without a summary it has to be found."""

    before: int
    summary: Summary | None


@dataclass(frozen=True)
class RunsData:
    """A page of runs of ``found``, and what there is to choose from.

    ``choice`` is what was asked for without what nothing is stored of; ``ignored`` is that. ``worse`` is by
    the runs' numbers, for those that ended and have something to be compared with.
    """

    newest: RunHead | None
    choice: RunsChoice
    ignored: list[str]
    runs: list[RunFacts]
    found: int
    branches: list[str] = field(default_factory=list)
    hosts: list[str] = field(default_factory=list)
    boards: list[str] = field(default_factory=list)
    worse: dict[int, Worse] = field(default_factory=dict)
    baselines: list[str] = field(default_factory=list)

    @property
    def pages(self) -> int:
        """How many pages the runs take, at least one."""
        return max(-(-self.found // RUNS_A_PAGE), 1)


def read_runs(url: str | None, choice: RunsChoice) -> RunsData:
    """The runs of a choice.

    StoreError when the database cannot be read, LabError for thresholds that make no sense.
    """
    thresholds, place = load_thresholds(None, Path.cwd()), engine.parse(url)
    with reading(url) as connection:
        branches = _of_runs(connection, RUN.c.git_branch)
        hosts = _of_runs(connection, RUN.c.host)
        boards = sorted(connection.scalars(select(NEWEST_SESSION.c.board).distinct()))
        names = baseline_names(connection)
        kept, ignored = _within(choice, {"branch": branches, "host": hosts, "board": boards})
        found = connection.scalars(
            select(RUN.c.id).where(_where(connection, kept)).order_by(*_NEWEST_FIRST)
        ).all()
        last = max(-(-len(found) // RUNS_A_PAGE), 1)
        kept = replace(kept, page=min(kept.page, last))
        first = (kept.page - 1) * RUNS_A_PAGE
        shown = _selected().where(RUN.c.id.in_(found[first : first + RUNS_A_PAGE]))
        runs = _facts(connection, shown.order_by(*_NEWEST_FIRST))
        against = _against(connection, kept, place)
        if kept.baseline and against is None:
            kept, ignored = replace(kept, baseline=""), [*ignored, kept.baseline]
        worse = _worse(connection, runs, against, thresholds, place)
        newest = newest_run(connection)
    return RunsData(newest, kept, ignored, runs, len(found), branches, hosts, boards, worse, names)


def _against(connection: Connection, choice: RunsChoice, place: URL) -> int | None:
    """The number of the run that is chosen to compare with; None where each is with the one before it."""
    try:
        return baseline_run(connection, choice.baseline, place).id if choice.baseline else None
    except StoreError:
        return None


def _worse(
    connection: Connection,
    runs: Sequence[RunFacts],
    against: int | None,
    thresholds: Thresholds,
    place: URL,
) -> dict[int, Worse]:
    pairs = [
        (one.id, before)
        for one in runs
        if (before := against or one.before) is not None and before != one.id
        if one.sort is not Sort.TRIAL and one.status is not Status.RUNNING
    ]
    found = summaries(connection, pairs, thresholds, place)
    return {run: Worse(before, summary) for (run, before), summary in zip(pairs, found, strict=True)}


def facts(connection: Connection, run: int) -> RunFacts | None:
    """One run; None where there is no such."""
    return next(iter(_facts(connection, _selected().where(RUN.c.id == run))), None)


def neighbours(connection: Connection, run: RunFacts) -> tuple[int | None, int | None]:
    """The runs that began before and after it, of whatever branch."""
    at = RUN.c.started
    earlier = or_(at < run.started, and_(at == run.started, RUN.c.id < run.id))
    later = or_(at > run.started, and_(at == run.started, RUN.c.id > run.id))
    return (
        connection.scalar(select(RUN.c.id).where(earlier).order_by(*_NEWEST_FIRST).limit(1)),
        connection.scalar(select(RUN.c.id).where(later).order_by(at, RUN.c.id).limit(1)),
    )


def _within(choice: RunsChoice, known: dict[str, list[str]]) -> tuple[RunsChoice, list[str]]:
    """The choice without names that nothing is stored of, and those."""
    unknown = {name: getattr(choice, name) for name, held in known.items()}
    unknown = {name: text for name, text in unknown.items() if text and text not in known[name]}
    return choice.of(page=choice.page, **dict.fromkeys(unknown, "")), list(unknown.values())


def _of_runs(connection: Connection, column: ColumnElement[Any]) -> list[str]:
    """What runs have in a column, that of the newest first."""
    query = (
        select(column).where(column.is_not(None)).group_by(column).order_by(func.max(RUN.c.started).desc())
    )
    return list(connection.scalars(query.limit(_NAMES_MOST)))


def _where(connection: Connection, choice: RunsChoice) -> ColumnElement[bool]:
    wanted: list[ColumnElement[bool]] = []
    if choice.branch:
        wanted.append(RUN.c.git_branch == choice.branch)
    if choice.host:
        wanted.append(RUN.c.host == choice.host)
    if choice.board:
        of_board = and_(SESSION.c.run_id == RUN.c.id, SESSION.c.board == choice.board)
        wanted.append(select(SESSION.c.id).where(of_board).exists())
    if choice.sort is not None:
        wanted.append(
            {
                Sort.BENCH: and_(is_no_trial(), RUN.c.origin.is_(None)),
                Sort.TRIAL: not_(is_no_trial()),
                Sort.IMPORTED: and_(is_no_trial(), RUN.c.origin.is_not(None)),
            }[choice.sort]
        )
    if choice.status is not None:
        wanted.append(_of_status(connection, choice.status))
    return and_(*wanted) if wanted else not_(false())


def _of_status(connection: Connection, status: Status) -> ColumnElement[bool]:
    """The runs of a status as of now: of those that are stored as running, some have no process any more."""
    if status not in (Status.RUNNING, Status.INTERRUPTED):
        return RUN.c.status == status
    query = select(RUN.c.id, RUN.c.status, RUN.c.host, RUN.c.pid, RUN.c.pid_birth)
    running = connection.execute(query.where(RUN.c.status == Status.RUNNING)).all()
    of_now = [one.id for one in running if status_now(*one[1:]) is status]
    return or_(RUN.c.id.in_(of_now), and_(RUN.c.status == status, RUN.c.status != Status.RUNNING))


def _selected() -> Any:
    return select(RUN, _before().label("before"))


def _before() -> Any:
    """The run that another is compared with where nobody says which."""
    older = RUN.alias()
    began = or_(
        older.c.started < RUN.c.started, and_(older.c.started == RUN.c.started, older.c.id < RUN.c.id)
    )
    wanted = (
        older.c.git_branch.is_not_distinct_from(RUN.c.git_branch),
        older.c.started <= RUN.c.started,
        began,
        older.c.status == Status.FINISHED,
        older.c.origin.is_not_distinct_from(RUN.c.origin),
        is_no_trial(older),
        is_no_trial(),
    )
    query = select(older.c.id).where(*wanted).order_by(older.c.started.desc(), older.c.id.desc()).limit(1)
    return query.correlate(RUN).scalar_subquery()


def _facts(connection: Connection, query: Any) -> list[RunFacts]:
    held = connection.execute(query).all()
    boards = _boards(connection, [one.id for one in held])
    named = _named(connection, [one.uid for one in held if one.uid])
    return [_one(one, boards[one.id], named.get(one.uid, ())) for one in held]


def _one(row: Row[Any], boards: Sequence[BoardCount], names: Iterable[str]) -> RunFacts:
    for what, held, wanted in (("tags", row.git_tags, list), ("versions", row.versions, dict)):
        if held is not None and not isinstance(held, wanted):  # SQLite keeps whatever a column is given
            raise TypeError(f"the {what} of run {row.id} are {held!r:.40}")
    return RunFacts(
        row.id,
        row.uid,
        row.started,
        row.finished,
        status_now(row.status, row.host, row.pid, row.pid_birth),
        row.command,
        row.host,
        row.git_commit,
        row.git_dirty,
        row.git_note,
        row.git_branch,
        tuple(map(str, row.git_tags or ())),
        {str(name): str(version) for name, version in (row.versions or {}).items()},
        row.origin,
        row.lab_path,
        row.lab_sha256,
        row.before,
        tuple(boards),
        tuple(names),
    )


def _boards(connection: Connection, runs: Sequence[int]) -> dict[int, list[BoardCount]]:
    """How many sessions of each board the runs have."""
    ended = SESSION.c.status == Status.FINISHED
    finished = func.sum(case((ended, 1), else_=0))
    too_large = func.sum(case((and_(~ended, SESSION.c.error.contains(NOT_FIT)), 1), else_=0))
    query = (
        select(SESSION.c.run_id, SESSION.c.board, func.count(), finished, too_large)
        .where(SESSION.c.run_id.in_(runs))
        .group_by(SESSION.c.run_id, SESSION.c.board)
        .order_by(SESSION.c.run_id, SESSION.c.board)
    )
    found: dict[int, list[BoardCount]] = defaultdict(list)
    for run, *counts in connection.execute(query):
        found[run].append(BoardCount(*counts))
    return found


def _named(connection: Connection, uids: Sequence[str]) -> dict[str, list[str]]:
    """The baselines that runs are now, by their uids."""
    newest = select(func.max(BASELINE.c.id)).group_by(BASELINE.c.name)
    query = select(BASELINE.c.run_uid, BASELINE.c.name).where(
        BASELINE.c.id.in_(newest), BASELINE.c.run_uid.in_(uids)
    )
    found: dict[str, list[str]] = defaultdict(list)
    for uid, name in connection.execute(query.order_by(BASELINE.c.name)):
        found[uid].append(name)
    return found
