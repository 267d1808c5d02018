"""The newest of each board, model and precision, what became of it since a baseline, and what never ran."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, select
from sqlalchemy.engine import URL

from hil.errors import StoreError
from hil.image import prebuilt_dir, prebuilt_images
from hil.kinds import KINDS
from hil.lab.file import load_lab
from hil.metrics import LATENCY_US, MATRIX, METRICS
from hil.thresholds import load_thresholds
from hil_dashboards.choices.matrix import USUAL, MatrixChoice
from hil_dashboards.choices.series import FILTERS, Filter
from hil_dashboards.reading import selects
from hil_dashboards.reading.columns import CASE_COLUMNS, SESSION_COLUMNS, Rows
from hil_dashboards.reading.comparisons import Baseline, baseline_for, baseline_names
from hil_dashboards.reading.database import RunHead, checked, newest_run, reading, rows, told
from hil_dashboards.reading.verdicts import Comparisons, lately, verdicts
from hil_db import engine
from hil_db.histories import Case
from hil_db.records import Status
from hil_db.references import LATEST, checked_run
from hil_db.schema import BASELINE, NEWEST_VALUE, RUN, SESSION
from hil_db.trials import is_no_trial

AGE_MOST = 1000  # runs ago
_PATIENCE_S = 0.3  # what a page waits for a comparison; its verdicts come after it then
_JUDGED_S = 30.0  # what waits who asks for those; then who asks anew
_AT_ONCE = 500  # sessions of which a query asks
_RUN, _TIME, _BOARD, _STATUS = (SESSION_COLUMNS.index(name) for name in ("run", "time", "board", "status"))
_USUAL = tuple(metric.name for metric in MATRIX)


@dataclass(frozen=True)
class MatrixData:
    """``sessions`` has SESSION_COLUMNS, ``values`` VALUE_COLUMNS, ``most`` MOST_COLUMNS.

    Of all that is stored ``choice`` lets through what is asked for, and it says which metrics those are:
    ``ignored`` is what was asked for and nothing is stored of. ``metrics`` and ``known`` are what there is to
    choose from. ``most`` is the largest number of vectors a session of each case ever took; ``profiled``
    (CASE_COLUMNS) are the cases of which a profile is stored, ``traced`` those that a power probe saw.
    ``never`` are the cases of which there is an image, and no session. ``ages`` says of runs how many began
    later and have ended. ``baselines`` are names to choose
    from, ``baseline`` is what was. ``newest`` is None without a run that has results.
    """

    newest: RunHead | None
    choice: MatrixChoice
    ignored: tuple[str, ...]
    metrics: tuple[str, ...]
    known: Mapping[Filter, Sequence[str]]
    sessions: Rows
    values: Rows
    most: Rows
    profiled: Rows
    traced: Rows
    never: tuple[Case, ...]
    ages: Mapping[int, int]
    baselines: Sequence[str]
    baseline: Baseline
    compared: Comparisons


def state_of_matrix(url: str | None, lab: Path | None) -> tuple[RunHead | None, Hashable]:
    """The newest run, and what changes with all that the matrix shows.

    StoreError when the database cannot be read, LabError for thresholds that make no sense.
    """
    place = engine.parse(url)
    database = engine.file_of(place)
    files = [database, database.with_name(f"{database.name}-wal")] if database is not None else []
    with reading(url) as connection:
        # A change after this is seen the next time.
        stats = tuple(map(_stat, [*files, lab, *_folders_of_images()]))
        runs = connection.execute(select(func.count(), func.max(RUN.c.id))).one()
        going = connection.scalar(select(func.count()).where(RUN.c.status == Status.RUNNING))
        newest = [connection.scalar(select(func.max(table.c.id))) for table in (SESSION, BASELINE)]
        state = (str(place), stats, tuple(runs), going, *newest, lately() if going else None)
        return newest_run(connection), (state, load_thresholds(None, Path.cwd()))


def _folders_of_images() -> list[Path]:
    """Which change when an image comes or goes."""
    return [prebuilt_dir(kind) for kind in sorted({kind.image_kind for kind in KINDS.values()})]


def _stat(path: Path | None) -> tuple[int, int] | None:
    try:
        found = path.stat() if path is not None else None
    except OSError:  # there is none, or whoever reads it says what is wrong
        return None
    # A log of SQLite's without anything is made by who reads.
    return None if found is None or not found.st_size else (found.st_mtime_ns, found.st_size)


def read_matrix(
    url: str | None, choice: MatrixChoice | None = None, lab: Path | None = None, wait: bool = True
) -> MatrixData:
    """The newest session of each board, model and precision, and the newest value of each chosen metric.

    Values come from finished sessions. Without ``wait`` verdicts that take long are left out. StoreError when
    the database cannot be read, LabError for a lab file or thresholds that make no sense.
    """
    named = [(spec.name, spec.kind.name) for spec in load_lab(lab).boards] if lab is not None else []
    place = engine.parse(url)
    asked = choice if choice is not None else MatrixChoice()
    with reading(url) as connection:
        newest = newest_run(connection)
        every = rows(connection, selects.newest_sessions())
        cases = [_case(row) for row in every]
        metrics = _metrics(connection)
        known = _known(cases, named)
        kept, ignored = _kept(asked, metrics, known)
        sessions = [row for row, case in zip(every, cases, strict=True) if kept.lets(*_of(case))]
        found = _values(connection, kept, sessions)
        runs = _runs([*sessions, *found])
        held = _baseline(connection, kept.baseline, place)
        patience = None if wait else _JUDGED_S if kept.judged else _PATIENCE_S
        chosen = frozenset([kept.metric] if kept.metric else kept.columns)
        return MatrixData(
            newest,
            kept,
            ignored,
            metrics,
            known,
            sessions,
            found,
            rows(connection, selects.most_vectors()),
            rows(connection, selects.profiled_cases()),
            rows(connection, selects.traced_cases()),
            tuple(case for case in _never(cases, named) if kept.lets(*_of(case))),
            _ages(connection, runs),
            baseline_names(connection),
            held,
            verdicts(connection, url, place, held.run, runs, chosen, patience),
        )


def _baseline(connection: Connection, asked: str | None, url: URL) -> Baseline:
    """What the newest run that ended is compared with."""
    try:
        now = checked_run(connection, LATEST, url)
    except StoreError:  # the first run goes on still
        return Baseline(None, None, "no run has ended")
    return baseline_for(connection, asked, now, url)


def _case(row: tuple[Any, ...]) -> Case:
    return Case(*row[_BOARD : _BOARD + len(CASE_COLUMNS)])


def _of(case: Case) -> tuple[str, str, str]:
    return case.board, case.model, case.precision


def _metrics(connection: Connection) -> tuple[str, ...]:
    """Those that newest values are stored of, the usual ones first, users' own last."""
    held = set(connection.scalars(select(NEWEST_VALUE.c.metric).distinct()))
    return tuple(name for name in dict.fromkeys([*_USUAL, *METRICS, *sorted(held)]) if name in held)


def _known(cases: Sequence[Case], named: Sequence[tuple[str, str]]) -> dict[Filter, list[str]]:
    boards = {case.board for case in cases} | {board for board, _ in named}
    return {
        "model": sorted({case.model for case in cases}),
        "board": sorted(boards),
        "precision": sorted({case.precision for case in cases}),
    }


def _kept(
    asked: MatrixChoice, metrics: Sequence[str], known: Mapping[Filter, Sequence[str]]
) -> tuple[MatrixChoice, tuple[str, ...]]:
    """The choice without what nothing is stored of, and with the metrics it means; then what was ignored."""
    kept = asked.within(known)
    ignored = [name for which in FILTERS for name in asked.names(which) if name not in known[which]]
    ignored += [name for name in (asked.metric, *asked.columns) if name and name not in (*metrics, USUAL)]
    metric = asked.metric if asked.metric in metrics else None
    columns = tuple(name for name in asked.columns if name in metrics)
    usual = tuple(name for name in _USUAL if name in metrics) or tuple(metrics)
    if USUAL in asked.columns:
        columns = usual
    boards = [board for board in known["board"] if not kept.board or board in kept.board]
    if metric is None and not columns:
        if len(boards) > 1 and metrics:
            metric = LATENCY_US.name if LATENCY_US.name in metrics else usual[0]
        else:
            columns = usual
    return replace(kept, metric=metric, columns=() if metric else columns), tuple(ignored)


def _values(connection: Connection, choice: MatrixChoice, sessions: Rows) -> Rows:
    """VALUE_COLUMNS of the chosen metrics; what they share with others of their session is read once."""
    metrics = [choice.metric] if choice.metric else list(choice.columns)
    found = sorted(tuple(row) for row in connection.execute(selects.newest_values(metrics)))
    held = {row[0]: row for row in sessions}
    lacking = {row[1] for row in found} - set(held)
    for row in _sessions(connection, sorted(lacking)):
        if choice.lets(*_of(_case(row))):
            held[row[0]] = row
    return checked(
        [
            (*held[session], *cells, told(conditions))
            for _, session, *cells, conditions in found
            if session in held
        ]
    )


def _sessions(connection: Connection, numbers: Sequence[int]) -> Iterable[tuple[Any, ...]]:
    for first in range(0, len(numbers), _AT_ONCE):
        yield from rows(connection, selects.some_sessions(numbers[first : first + _AT_ONCE]))


def _runs(held: Rows) -> list[int]:
    """The runs of finished sessions and of values, the newest first."""
    began: dict[int, datetime] = {}
    for row in held:
        if row[_STATUS] == Status.FINISHED:
            began[row[_RUN]] = max(row[_TIME], began.get(row[_RUN], row[_TIME]))
    return sorted(began, key=lambda run: (began[run], run), reverse=True)


def _ages(connection: Connection, runs: Sequence[int]) -> dict[int, int]:
    """How many runs with results, of the same lab, began after each of these and have ended."""
    about = {
        number: (started, origin)
        for first in range(0, len(runs), _AT_ONCE)
        for number, started, origin in connection.execute(
            select(RUN.c.id, RUN.c.started, RUN.c.origin).where(RUN.c.id.in_(runs[first : first + _AT_ONCE]))
        )
    }
    if not about:
        return {}
    oldest = min(started for started, _ in about.values())
    results = select(SESSION.c.id).where(SESSION.c.run_id == RUN.c.id).exists()
    later = connection.execute(
        select(RUN.c.started, RUN.c.id, RUN.c.origin)
        .where(RUN.c.started >= oldest, RUN.c.status != Status.RUNNING, is_no_trial(), results)
        .order_by(RUN.c.started.desc(), RUN.c.id.desc())
        .limit(AGE_MOST)
    ).all()
    ages: dict[int, int] = {}
    seen: Counter[str | None] = Counter()
    for _, number, origin in later:
        ages[number] = seen[origin]
        seen[origin] += 1
    for number, (started, origin) in about.items():  # that goes on still, or is older than all these
        if number not in ages:
            ages[number] = sum(one > started and lab == origin for one, _, lab in later)
    return ages


def _never(cases: Sequence[Case], named: Sequence[tuple[str, str]]) -> list[Case]:
    """Every image for a board that comes with the lab, or ran on another of its kind, and not on it."""
    ran = set(cases)
    boards = sorted({(case.board, case.kind) for case in cases} | set(named))
    images: dict[str, set[tuple[str, str]]] = {kind: _prebuilt(kind) for _, kind in boards}
    for case in cases:
        images[case.kind].add((case.model, case.precision))
    return [
        case
        for board, kind in boards
        for image in sorted(images[kind])
        if (case := Case(board, kind, *image)) not in ran
    ]


def _prebuilt(kind: str) -> set[tuple[str, str]]:
    if kind not in KINDS:
        return set()
    names = (path.stem.rpartition("-") for path in prebuilt_images(KINDS[kind].image_kind))
    return {(model, precision) for model, _, precision in names if model}
