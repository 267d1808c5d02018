"""One run: how it went, its sessions, what was worse in it than in another, and what else was another."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection, Text, cast, select

from hil.errors import NOT_FIT, StoreError
from hil.metrics import (
    ACCURACY,
    ENERGY_PER_INFERENCE,
    FLASH_BYTES,
    INSTRUCTIONS,
    LATENCY_CYCLES,
    LATENCY_US,
    MEAN_ABSOLUTE_ERROR,
    RAM_BYTES,
    VECTORS,
    lookup,
)
from hil.thresholds import load_thresholds
from hil_dashboards.choices.run import RunChoice, Sort
from hil_dashboards.reading.boards import IncidentRow, incident_rows
from hil_dashboards.reading.comparisons import at_hand, baseline_names
from hil_dashboards.reading.database import RunHead, newest_run, reading
from hil_dashboards.reading.runs import RunFacts, facts, neighbours
from hil_db import engine
from hil_db.comparing import Comparison
from hil_db.records import Status
from hil_db.references import StoredRun, baseline_run, checked_run
from hil_db.schema import IMAGE, INCIDENT, MEASURE, SESSION

FIGURES = (
    ACCURACY,
    MEAN_ABSOLUTE_ERROR,
    LATENCY_US,
    LATENCY_CYCLES,
    INSTRUCTIONS,
    ENERGY_PER_INFERENCE,
    FLASH_BYTES,
    RAM_BYTES,
)
_PLACES = {metric.name: place for place, metric in enumerate(FIGURES)}


class Way(NamedTuple):
    """Values that may stand in one column: of one metric and unit, by one method and technique."""

    metric: str
    unit: str
    method: str
    technique: str


class Figure(NamedTuple):
    """One value of a session; ``band`` is where the true value is expected, None for an exact one."""

    value: float
    band: tuple[float, float] | None


@dataclass(frozen=True)
class SessionRow:
    """One session of the run; ``vectors`` is None where it ended before it ran any."""

    id: int
    board: str
    kind: str
    model: str
    precision: str
    started: datetime
    finished: datetime
    status: str
    error: str | None
    image: str | None
    vectors: int | None
    figures: Mapping[Way, Figure]

    @property
    def fits(self) -> bool:
        """False when it ended because the image is larger than the board."""
        return self.status == Status.FINISHED or NOT_FIT not in (self.error or "")


class Other(NamedTuple):
    """What is not the same in two runs; None where one has no such thing."""

    what: str
    before: str | None
    now: str | None


@dataclass(frozen=True)
class RunData:
    """A run, and the one ``before`` that it is compared with; ``alone`` says why there is none.

    ``ignored`` is what was asked for and is not there. ``comparison`` is None where there is nothing to
    compare with, or where it has to be made first. ``previous`` and ``next`` are the runs that began before
    and after it, ``baselines`` names of runs to compare with.
    """

    newest: RunHead | None
    choice: RunChoice
    run: RunFacts | None
    ignored: tuple[str, ...] = ()
    previous: int | None = None
    next: int | None = None
    before: StoredRun | None = None
    alone: str | None = None
    comparison: Comparison | None = None
    baselines: list[str] = field(default_factory=list)
    sessions: list[SessionRow] = field(default_factory=list)
    incidents: list[IncidentRow] = field(default_factory=list)
    others: list[Other] = field(default_factory=list)


def read_run(url: str | None, choice: RunChoice) -> RunData:
    """The choice's run, or the newest with results.

    StoreError when the database cannot be read, LabError for thresholds that make no sense.
    """
    thresholds = load_thresholds(None, Path.cwd())
    with reading(url) as connection:
        newest = newest_run(connection)
        run = None if choice.run is None else facts(connection, choice.run)
        ignored = [f"run {choice.run}"] if run is None and choice.run is not None else []
        if run is None and newest is not None:
            run = facts(connection, newest.id)
        if run is None:
            return RunData(newest, choice, None, tuple(ignored))
        place = engine.parse(url)
        now = checked_run(connection, str(run.id), place)
        before, alone = _before(connection, choice, run, now, place, ignored)
        found = at_hand(connection, now, before, thresholds, place) if before is not None else None
        return RunData(
            newest,
            choice,
            run,
            tuple(ignored),
            *neighbours(connection, run),
            before,
            alone,
            found,
            baseline_names(connection),
            _sessions(connection, run.id),
            incident_rows(connection, INCIDENT.c.run_id == run.id),
            _others(connection, run, before),
        )


def _before(
    connection: Connection, choice: RunChoice, run: RunFacts, now: StoredRun, place: Any, ignored: list[str]
) -> tuple[StoredRun | None, str | None]:
    """The run to compare with, or why there is none; notes a baseline that was asked for in vain."""
    if choice.baseline:
        try:
            return baseline_run(connection, choice.baseline, place, now), None
        except StoreError:
            ignored.append(choice.baseline)
    if run.before is not None:
        return baseline_run(connection, str(run.before), place, now), None
    if run.sort is Sort.TRIAL:
        return None, "a trial of a bisection is judged by the bisection alone"
    where = f"on the branch {run.branch}" if run.branch is not None else "without a branch"
    return None, f"no finished run {where} began before it"


def _sessions(connection: Connection, run: int) -> list[SessionRow]:
    held = SESSION.c
    case = (held.board, held.kind, held.model, held.precision)
    query = (
        select(held.id, *case, held.started, held.finished, held.status, held.error, IMAGE.c.sha256)
        .outerjoin(IMAGE, IMAGE.c.id == held.image_id)
        .where(held.run_id == run)
        .order_by(*case, held.started, held.id)
    )
    found = connection.execute(query).all()
    vectors, figures = _figures(connection, [row.id for row in found])
    return [
        SessionRow(
            row.id,
            row.board,
            row.kind,
            row.model,
            row.precision,
            row.started,
            row.finished,
            row.status,
            row.error,
            row.sha256,
            vectors.get(row.id),
            figures.get(row.id, {}),
        )
        for row in found
    ]


def _figures(
    connection: Connection, sessions: Sequence[int]
) -> tuple[dict[int, int], dict[int, dict[Way, Figure]]]:
    """How many vectors sessions had, and their main figures, by their numbers."""
    held = MEASURE.c
    query = select(
        held.session_id,
        held.metric,
        held.unit,
        held.method,
        held.technique,
        held.value,
        held.low,
        held.high,
    ).where(held.session_id.in_(sessions), held.metric.in_([*_PLACES, VECTORS.name]))
    # By the sessions' numbers: joined with them, SQLite looks at all that is stored of the metrics.
    vectors: dict[int, int] = {}
    figures: dict[int, dict[Way, Figure]] = defaultdict(dict)
    for session, *way, value, low, high in connection.execute(query):
        numbers = [one for one in (value, low, high) if one is not None]
        if not all(isinstance(one, int | float) for one in numbers):  # SQLite keeps whatever it is given
            raise TypeError(f"a {way[0]} of session {session} is {numbers!r:.60}")
        if way[0] == VECTORS.name:
            vectors[session] = max(int(value), vectors.get(session, 0))
        else:
            band = None if low is None or high is None else (low, high)
            figures[session][Way(*way)] = Figure(value, band)
    return vectors, figures


def ways(sessions: Iterable[SessionRow]) -> list[Way]:
    """The columns that sessions need, in the order of FIGURES: none of what each has by a finer technique."""
    needed: set[Way] = set()
    for one in sessions:
        by_metric: dict[str, list[str]] = defaultdict(list)
        for way in one.figures:
            by_metric[way.metric].append(way.technique)
        needed |= {
            way
            for way in one.figures
            if not set(lookup(way.metric).finer(way.technique)) & set(by_metric[way.metric])
        }
    return sorted(needed, key=lambda way: (_PLACES[way.metric], way))


def _others(connection: Connection, run: RunFacts, before: StoredRun | None) -> list[Other]:
    """What else than images was another in the run before."""
    older = None if before is None else facts(connection, before.id)
    if older is None:
        return []
    pairs: list[tuple[str, str | None, str | None]] = [
        ("Host", older.host, run.host),
        ("Lab file", older.lab_path, run.lab_path),
        ("Lab file's content", _hash(older.lab_sha256), _hash(run.lab_sha256)),
        ("Command", older.command, run.command),
        ("Boards", _boards(older), _boards(run)),
        ("Branch", older.branch, run.branch),
    ]
    found = [Other(*one) for one in pairs if one[1] != one[2]]
    found += [
        Other(f"Version of {name}", older.versions.get(name), run.versions.get(name))
        for name in sorted({*older.versions, *run.versions})
        if older.versions.get(name) != run.versions.get(name)
    ]
    return found + _of_boards(connection, older.id, run.id)


def _boards(run: RunFacts) -> str:
    return ", ".join(board.board for board in run.boards)


def _hash(sha256: str | None) -> str | None:
    return None if sha256 is None else f"SHA-256 {sha256[:12]}…"


def _of_boards(connection: Connection, before: int, now: int) -> list[Other]:
    """The tools and toolchains of boards that both runs had, where they are others."""
    text = cast(SESSION.c.versions, Text)
    query = (
        select(SESSION.c.run_id, SESSION.c.board, text, IMAGE.c.toolchain)
        .outerjoin(IMAGE, IMAGE.c.id == SESSION.c.image_id)
        .where(SESSION.c.run_id.in_([before, now]))
        .distinct()
    )
    held: dict[tuple[str, str], dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    boards: dict[int, set[str]] = defaultdict(set)
    for run, board, versions, toolchain in connection.execute(query):
        boards[run].add(board)
        for name, version in _versions(versions).items():
            held[board, f"Version of {name}"][run].add(version)
        if toolchain is not None:
            held[board, "Toolchain of images"][run].add(toolchain)
    both = boards[before] & boards[now]
    said: dict[tuple[str, str | None, str | None], list[str]] = defaultdict(list)
    for (board, what), of_run in sorted(held.items()):
        if board in both and of_run[before] != of_run[now]:
            then, after = (", ".join(sorted(of_run[run])) or None for run in (before, now))
            said[what, then, after].append(board)
    return [Other(f"{what} on {_listed(names)}", then, after) for (what, then, after), names in said.items()]


def _versions(held: str | None) -> dict[str, str]:
    found = json.loads(held or "{}")
    if not isinstance(found, dict):
        raise TypeError(f"the versions of a session are {held!r:.40}")
    return {str(name): str(version) for name, version in found.items()}


def _listed(boards: list[str]) -> str:
    return ", ".join(boards) if len(boards) <= 3 else f"{len(boards)} boards"
