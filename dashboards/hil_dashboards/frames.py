"""Rows as pandas frames, and what the pages need of them: rows of the matrix."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from operator import itemgetter
from typing import Any

import pandas as pd

from hil.errors import NOT_FIT
from hil.gate.marks import MARKS
from hil.measure.verdicts import Outcome
from hil.metrics import METRICS
from hil_dashboards.reading.columns import CASE_COLUMNS, SESSION_COLUMNS, VALUE_COLUMNS
from hil_dashboards.reading.matrix import MatrixData
from hil_dashboards.reading.verdicts import Judged, Verdicts
from hil_db.histories import Case
from hil_db.records import Status

_FREE_OF_VECTORS = [metric.name for metric in METRICS.values() if not metric.of_vectors]
_case = itemgetter(*CASE_COLUMNS)
_OF_ROW = ("session", "run", "time", *CASE_COLUMNS, "status", "error", "commit", "dirty", "note", "image")
_FLOATS = ("vectors", "value", "resolution", "low", "high")


@dataclass(frozen=True)
class Value:
    """One value of the matrix with where it comes from.

    ``band`` is where the true value is expected; ``conditions`` are told in words, empty without any.
    ``over`` is how many vectors it was taken over, None for a metric that needs none; ``partial``: fewer than
    another session of the same board, model and precision took. ``age`` is how many runs began later;
    ``judged`` what came of its comparison, None where it was not compared (yet).
    """

    metric: str
    value: float
    unit: str
    method: str
    technique: str
    resolution: float | None
    band: tuple[float, float] | None
    conditions: str
    run: int
    time: datetime
    over: int | None
    partial: bool
    commit: str | None
    dirty: bool | None
    note: str | None
    image: str | None
    session: int
    age: int = 0
    judged: Judged | None = None


@dataclass(frozen=True)
class Row:
    """One model and precision on one board: its newest session, and its newest values by metric.

    A metric has several values when its session took it by several methods or techniques. ``profiled``:
    of some session of it a profile is stored; ``traced``: a power probe saw one.
    """

    session: int

    board: str
    kind: str
    model: str
    precision: str
    run: int
    time: datetime
    status: str
    error: str | None
    commit: str | None
    dirty: bool | None
    note: str | None
    image: str | None
    values: dict[str, tuple[Value, ...]]
    profiled: bool = False
    traced: bool = False
    age: int = 0

    @property
    def fits(self) -> bool:
        """False when its newest session ended because the image is larger than the board."""
        return self.status == Status.FINISHED or NOT_FIT not in (self.error or "")


def sessions(rows: Sequence[tuple[Any, ...]]) -> pd.DataFrame:
    """A frame with SESSION_COLUMNS."""
    return _frame(rows, SESSION_COLUMNS)


def values(rows: Sequence[tuple[Any, ...]]) -> pd.DataFrame:
    """A frame with VALUE_COLUMNS and ``over``: the vectors of metrics that depend on them, NaN for others."""
    frame = _frame(rows, VALUE_COLUMNS)
    frame["over"] = frame["vectors"].where(~frame["metric"].isin(_FREE_OF_VECTORS))
    return frame


def _frame(rows: Sequence[tuple[Any, ...]], columns: tuple[str, ...]) -> pd.DataFrame:
    # Objects but for the floats: None stays None, and a dirty flag that is not known is not False.
    frame = pd.DataFrame(list(rows), columns=list(columns), dtype="object")
    return frame.astype({name: "float64" for name in _FLOATS if name in columns})


def records(frame: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """The frame's rows as dicts, what is missing as None."""
    names = [str(name) for name in frame.columns]
    for cells in zip(*(frame[name].tolist() for name in frame.columns), strict=True):
        yield {
            name: None if isinstance(cell, float) and cell != cell else cell
            for name, cell in zip(names, cells, strict=True)
        }


def matrix(data: MatrixData) -> list[Row]:
    """The matrix's rows, ordered by board, kind, model and precision."""
    most = {tuple(case): vectors for *case, vectors in data.most}
    profiled, traced = ({tuple(case) for case in cases} for cases in (data.profiled, data.traced))
    held: dict[tuple[Any, ...], dict[str, list[Value]]] = {}
    for cells in data.values:
        value, case = _value(cells, data), cells[3:7]
        if value.over is not None and value.over < most.get(case, 0):
            value = replace(value, partial=True)
        held.setdefault(case, {}).setdefault(value.metric, []).append(value)
    newest = [dict(zip(SESSION_COLUMNS, cells, strict=True)) for cells in data.sessions]
    return [
        Row(
            **{name: record[name] for name in _OF_ROW},
            values={metric: tuple(cell) for metric, cell in held.get(_case(record), {}).items()},
            profiled=_case(record) in profiled,
            traced=_case(record) in traced,
            age=data.ages.get(record["run"], 0),
        )
        for record in sorted(newest, key=_case)
    ]


def _value(cells: tuple[Any, ...], data: MatrixData) -> Value:
    """Of a row with VALUE_COLUMNS; a matrix has thousands."""
    session, run, time, *case, _, _, commit, dirty, note, image, vectors = cells[: len(SESSION_COLUMNS)]
    rest = cells[len(SESSION_COLUMNS) :]
    metric, value, unit, method, technique, resolution, low, high, conditions = rest
    judged = _judged(data.compared.found.get(run), Case(*case), metric, technique)
    return Value(
        metric=metric,
        value=value,
        unit=unit,
        method=method,
        technique=technique,
        resolution=resolution,
        band=None if low is None else (low, high),
        conditions=conditions,
        run=run,
        time=time,
        over=None if vectors is None or metric in _FREE_OF_VECTORS else int(vectors),
        partial=False,
        commit=commit,
        dirty=dirty,
        note=note,
        image=image,
        session=session,
        age=data.ages.get(run, 0),
        judged=judged,
    )


def _judged(found: Verdicts | None, case: Case, metric: str, technique: str) -> Judged | None:
    """The verdict on a value; of another technique it says nothing."""
    if found is None:
        return None
    judged = found.get((case, metric), found.get((case, None)))
    if judged is None or judged.technique in (None, technique):
        return judged
    reason = f"not obtained by {technique} before; {judged.technique} is compared"
    return Judged(MARKS[Outcome.NEW], "", reason)


def band(record: Mapping[str, Any]) -> tuple[float, float] | None:
    """The ends of a record's band; None when it has none."""
    return None if record["low"] is None else (record["low"], record["high"])
