"""What is compared: two runs with all verdicts, or two sessions with what is behind each difference."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Connection, select
from sqlalchemy.engine import URL

from hil.errors import StoreError
from hil.measure.profile import Profile
from hil.thresholds import Thresholds, load_thresholds
from hil_dashboards.choices.compare import CompareChoice
from hil_dashboards.reading import selects
from hil_dashboards.reading.columns import CASE_COLUMNS, SESSION_COLUMNS
from hil_dashboards.reading.comparisons import at_hand, baseline_for, baseline_names
from hil_dashboards.reading.database import RunHead, newest_run, reading, rows
from hil_dashboards.reading.paired import Classes, Vectors, read_classes, read_vectors
from hil_db import engine, profiles, symbols
from hil_db.comparing import Comparison, Held, compare, compare_sessions
from hil_db.explaining import Why, explain
from hil_db.histories import Case
from hil_db.references import LATEST, StoredRun, baseline_run, checked_run
from hil_db.schema import NEWEST_SESSION, RUN, SESSION
from hil_db.trials import is_no_trial

if TYPE_CHECKING:
    from hil_db.symbols import Symbols

RUNS_MOST = 200  # to choose from
_RUN = (RUN.c.id, RUN.c.started, RUN.c.git_commit, RUN.c.git_dirty, RUN.c.git_branch)
_NEWEST = select(*(NEWEST_SESSION.c[name] for name in CASE_COLUMNS), NEWEST_SESSION.c.session_id)


class Offered(NamedTuple):
    """A run to choose: of a case, ``session`` is its newest in the run."""

    run: int
    started: datetime
    commit: str | None
    dirty: bool | None
    branch: str | None
    session: int | None = None


class Newest(NamedTuple):
    """A case to choose, with its newest session."""

    case: Case
    session: int


@dataclass(frozen=True, eq=False)
class RunsData:
    """Two runs with all verdicts; without one of them ``why`` there is none.

    ``compared`` is None where it takes some seconds, and has to be asked for.
    ``ignored`` are lines on what was asked for in vain. ``offered`` are the newest runs, ``names`` baselines.
    """

    newest: RunHead | None
    choice: CompareChoice
    now: StoredRun | None
    before: StoredRun | None
    compared: Comparison | None
    why: str | None
    ignored: tuple[str, ...]
    offered: tuple[Offered, ...]
    names: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Side:
    """One of two sessions: its SESSION_COLUMNS by name, and what is stored beside its measures."""

    told: dict[str, Any]
    symbols: Symbols | None
    profile: Profile | None
    offered: tuple[Offered, ...]

    @property
    def case(self) -> Case:
        """What it ran, on what."""
        return Case(*(self.told[name] for name in CASE_COLUMNS))


@dataclass(frozen=True, eq=False)
class ImagesData:
    """One case in two runs, or two sessions: ``before`` and ``after``, None where a run has none of it.

    The one case of ``comparison`` has the verdicts, ``reasons`` are behind them. ``cases`` are there to
    choose from.
    """

    newest: RunHead | None
    choice: CompareChoice
    comparison: Comparison
    before: Side | None
    after: Side | None
    reasons: tuple[Why, ...]
    vectors: Vectors | None
    classes: Classes | None
    cases: tuple[Newest, ...]


@dataclass(frozen=True)
class Nothing:
    """Why there is nothing to compare."""

    newest: RunHead | None
    choice: CompareChoice
    why: str


def read_compare(url: str | None, choice: CompareChoice) -> RunsData | ImagesData | Nothing:
    """The two runs of a choice, or the two sessions; by default the newest run that ended and its baseline.

    StoreError when the database cannot be read, LabError for thresholds that make no sense.
    """
    thresholds = load_thresholds(None, Path.cwd())
    place = engine.parse(url)
    with reading(url) as connection:
        newest = newest_run(connection)
        if newest is None:
            return Nothing(None, choice, "no run has results")
        if choice.of_sessions is not None:
            return _sessions(connection, newest, choice, thresholds, place)
        now, before, why, ignored = _runs(connection, choice, place)
        if now is not None:
            choice = replace(choice, after=now.id, before=before.id if before is not None else None)
        if choice.case is not None and now is not None and before is not None:
            found = compare(connection, now, before, thresholds, place, choice.case)
            if not found.cases:
                told = f"neither run {now.id} nor run {before.id} has a session of {choice.case.told}"
                return Nothing(newest, choice, told)
            return _images(connection, newest, choice, found, place)
        compared = (
            at_hand(connection, now, before, thresholds, place)
            if now is not None and before is not None
            else None
        )
        offered, names = _offered_runs(connection, now, before), baseline_names(connection)
        return RunsData(newest, choice, now, before, compared, why, tuple(ignored), offered, tuple(names))


def _runs(
    connection: Connection, choice: CompareChoice, url: URL
) -> tuple[StoredRun | None, StoredRun | None, str | None, list[str]]:
    """The run, the one before, why one is missing, and lines on what was asked for in vain."""
    ignored: list[str] = []
    now = _run(connection, choice.after, url, ignored)
    try:
        now = now or checked_run(connection, LATEST, url)
    except StoreError:  # the first run goes on still
        return None, None, "no run has ended", ignored
    before = _run(connection, choice.before, url, ignored)
    if before is not None and before.id == now.id:
        ignored.append(f"Run {now.id} is not compared with itself.")
        before = None
    if before is not None:
        return now, before, None, ignored
    found = baseline_for(connection, choice.baseline, now, url)
    if found.ignored is not None:
        ignored.append(f"No run is called {found.ignored[:60]!r}.")
    return now, found.run, found.why, ignored


def _run(connection: Connection, number: int | None, url: URL, ignored: list[str]) -> StoredRun | None:
    if number is None:
        return None
    if connection.scalar(select(RUN.c.id).where(RUN.c.id == number)) is None:
        ignored.append(f"There is no run {number}.")
        return None
    return baseline_run(connection, str(number), url)


def _sessions(
    connection: Connection, newest: RunHead, choice: CompareChoice, thresholds: Thresholds, url: URL
) -> ImagesData | Nothing:
    assert choice.of_sessions is not None
    first, second = choice.of_sessions
    found = compare_sessions(connection, second, first, thresholds, url)
    if found is None:
        held = set(connection.scalars(select(SESSION.c.id).where(SESSION.c.id.in_([first, second]))))
        missing = next(one for one in (first, second) if one not in held)
        return Nothing(newest, choice, f"there is no session {missing}")
    return _images(connection, newest, choice, found, url)


def _images(
    connection: Connection, newest: RunHead, choice: CompareChoice, found: Comparison, url: URL
) -> ImagesData:
    (one,) = found.cases
    before, after = (_side(connection, held) for held in (one.before, one.now))
    both = before is not None and after is not None
    return ImagesData(
        newest,
        choice,
        found,
        before,
        after,
        explain(connection, found, url).get(one.case, ()),
        read_vectors(connection, one, choice.vectors, url) if both else None,
        read_classes(connection, one, one.case.model, url) if both else None,
        tuple(Newest(Case(*case), session) for *case, session in connection.execute(_NEWEST)),
    )


def _side(connection: Connection, held: Held | None) -> Side | None:
    if held is None:
        return None
    (session,) = rows(connection, selects.one_session(held.session))
    told = dict(zip(SESSION_COLUMNS, session, strict=True))
    of_images = symbols.read(connection, [held.image]) if held.image is not None else {}
    return Side(
        told,
        next(iter(of_images.values()), None),
        profiles.read(connection, [held.session]).get(held.session),
        _offered_of(connection, Case(*(told[name] for name in CASE_COLUMNS)), held.session),
    )


def _offered_runs(connection: Connection, *chosen: StoredRun | None) -> tuple[Offered, ...]:
    """The newest runs that have results, and those that are chosen."""
    has_results = select(SESSION.c.id).where(SESSION.c.run_id == RUN.c.id).exists()
    query = select(*_RUN).where(has_results, is_no_trial()).order_by(RUN.c.started.desc(), RUN.c.id.desc())
    found = {row[0]: Offered(*row) for row in connection.execute(query.limit(RUNS_MOST))}
    for one in chosen:
        if one is not None:
            found.setdefault(one.id, Offered(one.id, one.started, one.commit, one.dirty, one.branch))
    return tuple(found.values())


def _offered_of(connection: Connection, case: Case, chosen: int) -> tuple[Offered, ...]:
    """The newest runs that have a session of a case, each with the newest of it, and the one chosen."""
    of_case = (SESSION.c[name] == held for name, held in case._asdict().items())
    query = select(*_RUN, SESSION.c.id).join(SESSION, SESSION.c.run_id == RUN.c.id)
    newest = query.where(*of_case, is_no_trial()).order_by(SESSION.c.started.desc(), SESSION.c.id.desc())
    found: dict[int, Offered] = {}
    others = connection.execute(newest.limit(RUNS_MOST)).all()
    of_chosen = connection.execute(query.where(SESSION.c.id == chosen)).all()
    for row in (*of_chosen, *others):  # the chosen session stands for its run
        found.setdefault(row[0], Offered(*row))
    return tuple(sorted(found.values(), key=lambda one: (one.started, one.run), reverse=True))
