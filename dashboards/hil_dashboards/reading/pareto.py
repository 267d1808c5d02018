"""What a board's images came to by the metrics of a trade-off: now, and in the run to compare with."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, Text, and_, cast, func, select

from hil.errors import StoreError
from hil.metrics import (
    ACCURACY,
    CURRENT_IDLE,
    ENERGY_NET_PER_INFERENCE,
    ENERGY_PER_INFERENCE,
    FLASH_BYTES,
    GOLDEN_EXACT,
    INSTRUCTIONS,
    LATENCY_CYCLES,
    LATENCY_US,
    MEAN_ABSOLUTE_ERROR,
    POWER_AVG,
    R_SQUARED,
    RAM_BYTES,
    STACK_BYTES,
    VECTORS,
    Metric,
    lookup,
)
from hil.values import Measure, Method
from hil_dashboards.choices.pareto import ParetoChoice, Way
from hil_dashboards.reading.comparisons import baseline_for, baseline_names
from hil_dashboards.reading.database import RunHead, newest_run, reading
from hil_db import engine
from hil_db.histories import Case
from hil_db.references import LATEST, StoredRun, checked_run
from hil_db.schema import CASE_COLUMNS, MEASURE, NEWEST_SESSION, NEWEST_VALUE, SESSION

# What trade-offs are between, in the order in which they are offered.
AXES: tuple[Metric, ...] = (
    LATENCY_US,
    LATENCY_CYCLES,
    INSTRUCTIONS,
    ENERGY_PER_INFERENCE,
    ENERGY_NET_PER_INFERENCE,
    FLASH_BYTES,
    RAM_BYTES,
    STACK_BYTES,
    ACCURACY,
    MEAN_ABSOLUTE_ERROR,
    R_SQUARED,
    GOLDEN_EXACT,
)
_READ = (*(metric.name for metric in AXES), CURRENT_IDLE.name, POWER_AVG.name)
_USUAL = (
    ((LATENCY_US, ENERGY_PER_INFERENCE, LATENCY_CYCLES, INSTRUCTIONS), "x"),
    ((ACCURACY, R_SQUARED, MEAN_ABSOLUTE_ERROR, GOLDEN_EXACT, FLASH_BYTES), "y"),
    ((FLASH_BYTES, RAM_BYTES), "size"),
)
NO_SIZE = NO_BASELINE = "none"
FRONT_OF_ALL = "all"


class Held(NamedTuple):
    """A value with the run and session it is of; ``over`` so many vectors, None where that is not known."""

    measure: Measure
    run: int
    session: int
    over: int | None


Values = Mapping[tuple[str, Way], Held]


@dataclass(frozen=True)
class Image:
    """A model and precision: its newest session, its newest values by metric and way; those ``before``."""

    case: Case
    session: int
    run: int
    time: datetime
    status: str
    error: str | None
    values: Values
    before: Values

    @property
    def name(self) -> str:
        """``model/precision``."""
        return f"{self.case.model}/{self.case.precision}"


@dataclass(frozen=True)
class ParetoData:
    """The images of the choice's board, by name, and what there is to choose from.

    ``choice`` has all but ways; what was asked for in vain is ``ignored``. ``ways`` are those of each metric,
    the one with most values first, and ``by`` the one that is shown. ``before`` is the run that arrows come
    from; without one ``alone`` says why, unless none is wanted.
    """

    newest: RunHead | None
    choice: ParetoChoice
    ignored: list[str]
    boards: list[tuple[str, str]]
    models: list[str]
    precisions: list[str]
    images: list[Image]
    ways: Mapping[str, list[Way]]
    by: Mapping[str, Way]
    baselines: list[str]
    before: StoredRun | None
    alone: str | None

    def held(self, image: Image, metric: str) -> Held | None:
        """The value of a metric that is shown of an image; None without one obtained so."""
        way = self.by.get(metric)
        return None if way is None else image.values.get((metric, way))

    def held_before(self, image: Image, metric: str) -> Held | None:
        """The value that it had in the run to compare with, obtained alike over as many vectors."""
        now, way = self.held(image, metric), self.by.get(metric)
        old = None if way is None else image.before.get((metric, way))
        return old if now is not None and old is not None and old.over == now.over else None


def read_pareto(url: str | None, asked: ParetoChoice) -> ParetoData:
    """The newest values of the choice's board. StoreError when the database cannot be read."""
    with reading(url) as connection:
        newest = newest_run(connection)
        boards = _boards(connection)
        ignored: list[str] = []
        board = _board(asked, boards, ignored)
        if board is None:
            return ParetoData(newest, asked, ignored, [], [], [], [], {}, {}, [], None, None)
        values = _newest_values(connection, *board)
        before, why = _before(connection, asked, engine.parse(url), ignored)
        old = {} if before is None else _values_of(connection, before.id, *board)
        every = _images(connection, board, values, old)
        models = list(dict.fromkeys(image.case.model for image in every))
        precisions = sorted({image.case.precision for image in every})
        asked = asked.of(
            model=_known(asked.model, models, ignored), precision=_known(asked.precision, precisions, ignored)
        )
        images = [
            image
            for image in every
            if image.case.model in (asked.model or models)
            and image.case.precision in (asked.precision or precisions)
        ]
        ways = _ways(images)
        choice, by = _completed(asked.of(board=board[0], kind=board[1]), ways, ignored)
        names = baseline_names(connection)
        return ParetoData(
            newest, choice, ignored, boards, models, precisions, images, ways, by, names, before, why
        )


def _boards(connection: Connection) -> list[tuple[str, str]]:
    """Those with most images first."""
    newest = NEWEST_SESSION.c
    query = select(newest.board, newest.kind, func.count()).group_by(newest.board, newest.kind)
    rows = sorted(connection.execute(query).all(), key=lambda row: (-row[2], row[0], row[1]))
    return [(row[0], row[1]) for row in rows]


def _board(
    asked: ParetoChoice, boards: Sequence[tuple[str, str]], ignored: list[str]
) -> tuple[str, str] | None:
    found = [one for one in boards if asked.board in ("", one[0]) and asked.kind in ("", one[1])]
    if not found:
        ignored += [name for name in (asked.board, asked.kind) if name and boards]
    return next(iter(found or boards), None)


def _known(asked: Sequence[str], known: Sequence[str], ignored: list[str]) -> tuple[str, ...]:
    ignored += [name for name in asked if name not in known]
    return tuple(name for name in asked if name in known)


_MEASURE = (
    MEASURE.c.metric,
    MEASURE.c.value,
    MEASURE.c.unit,
    MEASURE.c.method,
    MEASURE.c.technique,
    MEASURE.c.resolution,
    MEASURE.c.low,
    MEASURE.c.high,
    cast(MEASURE.c.conditions, Text),
)
_OF = (SESSION.c.model, SESSION.c.precision, SESSION.c.run_id, SESSION.c.id)


def _newest_values(connection: Connection, board: str, kind: str) -> dict[tuple[str, str], Values]:
    newest = NEWEST_VALUE.c
    query = (
        select(*_OF, *_MEASURE)
        .select_from(NEWEST_VALUE)
        .join(SESSION, SESSION.c.id == newest.session_id)
        .join(MEASURE, and_(MEASURE.c.session_id == newest.session_id, MEASURE.c.metric == newest.metric))
        .where(newest.board == board, newest.kind == kind, newest.metric.in_([*_READ, VECTORS.name]))
    )
    return _by_image(connection.execute(query))


def _values_of(connection: Connection, run: int, board: str, kind: str) -> dict[tuple[str, str], Values]:
    """Of a case that ran twice in the run, those of the later session."""
    query = (
        select(*_OF, *_MEASURE)
        .join(MEASURE, MEASURE.c.session_id == SESSION.c.id)
        .where(
            SESSION.c.run_id == run,
            SESSION.c.board == board,
            SESSION.c.kind == kind,
            SESSION.c.status == "finished",
            MEASURE.c.metric.in_([*_READ, VECTORS.name]),
        )
        .order_by(SESSION.c.id)
    )
    return _by_image(connection.execute(query))


def _by_image(rows: Iterable[Any]) -> dict[tuple[str, str], Values]:
    found: dict[tuple[str, str], dict[tuple[str, Way], Held]] = defaultdict(dict)
    vectors: dict[int, int] = {}
    for model, precision, run, session, metric, value, unit, method, technique, resolution, *rest in rows:
        low, high, conditions = rest
        if metric == VECTORS.name:
            vectors[session] = round(_number(value))
            continue
        band = None if low is None or high is None else (_number(low), _number(high))
        about = (metric, _number(value), unit, _method(method), technique, resolution, band)
        measure = Measure(*about, _conditions(conditions))
        found[model, precision][metric, Way(method, technique)] = Held(measure, run, session, None)
    return {
        image: {
            key: held._replace(over=vectors.get(held.session) if lookup(key[0]).of_vectors else None)
            for key, held in values.items()
        }
        for image, values in found.items()
    }


def _number(held: Any) -> float:
    """SQLite keeps whatever a column is given."""
    if isinstance(held, str | bytes):
        raise TypeError(f"a value of a measure is {held!r:.40}")
    return float(held)


def _method(text: str) -> Method:
    return Method(text)


@lru_cache
def _conditions(text: str | None) -> Mapping[str, str | float]:
    held = json.loads(text or "{}")
    if not isinstance(held, dict):
        raise TypeError(f"the conditions of a measure are {held!r:.40}")
    return held


def _images(
    connection: Connection,
    board: tuple[str, str],
    values: Mapping[tuple[str, str], Values],
    old: Mapping[tuple[str, str], Values],
) -> list[Image]:
    newest = NEWEST_SESSION.c
    about = (SESSION.c.id, SESSION.c.run_id, SESSION.c.started, SESSION.c.status, SESSION.c.error)
    query = (
        select(*(newest[name] for name in CASE_COLUMNS), *about)
        .join(SESSION, SESSION.c.id == newest.session_id)
        .where(newest.board == board[0], newest.kind == board[1])
        .order_by(newest.model, newest.precision)
    )
    return [_image(row, values, old) for row in connection.execute(query)]


def _image(
    row: Any,
    values: Mapping[tuple[str, str], Values],
    old: Mapping[tuple[str, str], Values],
) -> Image:
    board, kind, model, precision, session, run, started, status, error = row
    key = (model, precision)
    case = Case(board, kind, model, precision)
    return Image(case, session, run, started, status, error, values.get(key, {}), old.get(key, {}))


def _ways(images: Sequence[Image]) -> dict[str, list[Way]]:
    """By metric, in the order of the axes; of as many values the finer technique comes first."""
    held: dict[str, Counter[Way]] = defaultdict(Counter)
    for image in images:
        for metric, way in image.values:
            held[metric][way] += 1
    return {
        name: sorted(
            held[name], key=lambda way: (-held[name][way], len(lookup(name).finer(way.technique)), way)
        )
        for name in _READ
        if name in held
    }


def _completed(
    asked: ParetoChoice, ways: Mapping[str, list[Way]], ignored: list[str]
) -> tuple[ParetoChoice, dict[str, Way]]:
    """What was not asked for is the usual, and what there is no value of is not asked for."""
    by = {name: offered[0] for name, offered in ways.items()}
    for metric, way in asked.by:
        if way in ways.get(metric, ()):
            by[metric] = way
        else:
            ignored.append(":".join((metric, *way)))
    offered = [metric.name for metric in AXES if metric.name in ways]
    taken: dict[str, str] = {}
    for usual, field in _USUAL:
        wanted: str = getattr(asked, field)
        if wanted in offered or (field == "size" and wanted == NO_SIZE):
            taken[field] = wanted
            continue
        ignored += [wanted] if wanted else []
        free = dict.fromkeys([*(metric.name for metric in usual if metric.name in offered), *offered])
        others = {*taken.values(), asked.x, asked.y}
        chosen = next((name for name in free if name not in others), next(iter(free), ""))
        taken[field] = NO_SIZE if field == "size" and chosen in others else chosen
    if asked.front not in ("", FRONT_OF_ALL):
        ignored.append(asked.front)
    front = FRONT_OF_ALL if asked.front == FRONT_OF_ALL and taken["size"] != NO_SIZE else ""
    kept = tuple((metric, way) for metric, way in asked.by if by.get(metric) == way)
    return asked.of(**taken, front=front, by=kept), by


def _before(
    connection: Connection, asked: ParetoChoice, url: Any, ignored: list[str]
) -> tuple[StoredRun | None, str | None]:
    if asked.baseline == NO_BASELINE:
        return None, None
    try:
        now = checked_run(connection, LATEST, url)
    except StoreError as error:  # the first run goes on still
        return None, error.what
    found = baseline_for(connection, asked.baseline or None, now, url)
    ignored += [found.ignored] if found.ignored else []
    return found.run, found.why
