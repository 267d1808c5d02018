"""What is stored of a board's energy: the figures of a run's sessions, by the way that they were obtained."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import Connection, select
from sqlalchemy.engine import URL

from hil.errors import StoreError
from hil.metrics import ENERGY, ENERGY_PER_INFERENCE
from hil.values import Measure, Method
from hil_db import engine
from hil_db.histories import Case
from hil_db.records import Status
from hil_db.references import newest_first, run_id
from hil_db.schema import MEASURE, RUN, SESSION
from hil_db.store import Store
from hil_db.trials import is_no_trial

_NONE = "let a board with a power probe run (docs/energy.md), or give its figures as options"


@dataclass(frozen=True)
class PowerFigures:
    """The measures of a case's session that were obtained in one way, by metric."""

    run: int
    case: Case
    method: Method
    technique: str
    measures: dict[str, Measure]


def power_figures(url: str | None, run: str | None) -> list[PowerFigures]:
    """Of the finished sessions of a run: without a name the newest that has energy per inference.

    By board, model and precision; of a case that ran twice, the later. StoreError where there is none.
    """
    with (
        Store.open_read_only(url) as store,
        engine.explained(store.url),
        store.engine.connect() as connection,
    ):
        number = _newest(connection, store.url) if run is None else run_id(connection, run, store.url)
        found = _read(connection, number)
        if not found:
            raise StoreError(
                f"run {number} in {engine.shown(store.url)} has no energy per inference", remedy=_NONE
            )
        return found


def _newest(connection: Connection, url: URL) -> int:
    held = (
        select(RUN.c.id)
        .join(SESSION, SESSION.c.run_id == RUN.c.id)
        .join(MEASURE, MEASURE.c.session_id == SESSION.c.id)
        .where(
            MEASURE.c.metric == ENERGY_PER_INFERENCE.name,
            SESSION.c.status == Status.FINISHED,
            is_no_trial(),
        )
        .order_by(*newest_first())
        .limit(1)
    )
    number: int | None = connection.scalar(held)
    if number is None:
        raise StoreError(f"no run in {engine.shown(url)} has energy per inference", remedy=_NONE)
    return number


def _read(connection: Connection, run: int) -> list[PowerFigures]:
    of_case = (SESSION.c.board, SESSION.c.kind, SESSION.c.model, SESSION.c.precision)
    query = (
        select(*of_case, SESSION.c.id.label("session"), MEASURE)
        .join(MEASURE, MEASURE.c.session_id == SESSION.c.id)
        .where(
            SESSION.c.run_id == run,
            SESSION.c.status == Status.FINISHED,
            MEASURE.c.metric.in_([metric.name for metric in ENERGY]),
        )
        .order_by(*of_case, SESSION.c.id, MEASURE.c.id)
    )
    found: dict[tuple[Case, Method, str], dict[str, Measure]] = defaultdict(dict)
    for row in connection.execute(query):
        band = None if row.low is None or row.high is None else (row.low, row.high)
        method = Method(row.method)
        about = (row.metric, row.value, row.unit, method, row.technique, row.resolution, band)
        case = Case(row.board, row.kind, row.model, row.precision)
        found[case, method, row.technique][row.metric] = Measure(*about, row.conditions)
    return [
        PowerFigures(run, *way, measures)
        for way, measures in found.items()
        if ENERGY_PER_INFERENCE.name in measures
    ]
