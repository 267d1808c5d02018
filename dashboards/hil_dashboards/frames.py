"""Rows as pandas frames, and what the pages need of them: rows of the matrix, lines of a series."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from hil_dashboards.queries import SESSION_COLUMNS, VALUE_COLUMNS, MatrixData

CASE = ["board", "kind", "model", "precision"]
HOW = ["unit", "method", "technique"]
POINTS_MOST = 5000  # what SVG draws without a wait
_FLOATS = ("vectors", "value", "resolution")


@dataclass(frozen=True)
class Value:
    """One value of the matrix with where it comes from."""

    metric: str
    value: float
    unit: str
    method: str
    technique: str
    resolution: float | None
    run: int
    time: datetime
    vectors: int | None
    commit: str | None
    dirty: bool | None
    image: str | None


@dataclass(frozen=True)
class Row:
    """One model and precision on one board: its newest session, and its newest values by metric.

    A metric has several values when its session took it by several methods or techniques.
    """

    board: str
    kind: str
    model: str
    precision: str
    run: int
    time: datetime
    status: str
    error: str | None
    values: dict[str, tuple[Value, ...]]


@dataclass(frozen=True)
class Line:
    """Values that may be compared: of one board, model, precision, unit, method and technique."""

    board: str
    kind: str
    model: str
    precision: str
    unit: str
    method: str
    technique: str
    points: pd.DataFrame

    @property
    def case(self) -> tuple[str, str, str, str]:
        """What was measured, however."""
        return (self.board, self.kind, self.model, self.precision)


def sessions(rows: Sequence[tuple[Any, ...]]) -> pd.DataFrame:
    """A frame with SESSION_COLUMNS."""
    return _frame(rows, SESSION_COLUMNS)


def values(rows: Sequence[tuple[Any, ...]]) -> pd.DataFrame:
    """A frame with VALUE_COLUMNS."""
    return _frame(rows, VALUE_COLUMNS)


def _frame(rows: Sequence[tuple[Any, ...]], columns: tuple[str, ...]) -> pd.DataFrame:
    # Objects but for the floats: None stays None, and a dirty flag that is not known is not False.
    frame = pd.DataFrame(list(rows), columns=list(columns), dtype="object")
    return frame.astype({name: "float64" for name in _FLOATS if name in columns})


def records(frame: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """The frame's rows as dicts, what is missing as None."""
    names = [str(name) for name in frame.columns]
    for cells in frame.itertuples(index=False, name=None):
        yield {
            name: None if isinstance(cell, float) and cell != cell else cell
            for name, cell in zip(names, cells, strict=True)
        }


def matrix(data: MatrixData) -> list[Row]:
    """The matrix's rows, ordered by board, kind, model and precision."""
    held: dict[tuple[Any, ...], dict[str, list[Value]]] = {}
    for record in records(values(data.values)):
        case = tuple(record[name] for name in CASE)
        held.setdefault(case, {}).setdefault(record["metric"], []).append(_value(record))
    newest = sessions(data.sessions).sort_values(CASE, kind="stable")
    return [
        Row(
            board=record["board"],
            kind=record["kind"],
            model=record["model"],
            precision=record["precision"],
            run=record["run"],
            time=record["time"],
            status=record["status"],
            error=record["error"],
            values={
                metric: tuple(cell)
                for metric, cell in held.get(tuple(record[name] for name in CASE), {}).items()
            },
        )
        for record in records(newest)
    ]


def _value(record: dict[str, Any]) -> Value:
    return Value(
        metric=record["metric"],
        value=record["value"],
        unit=record["unit"],
        method=record["method"],
        technique=record["technique"],
        resolution=record["resolution"],
        run=record["run"],
        time=record["time"],
        vectors=int(record["vectors"]) if record["vectors"] is not None else None,
        commit=record["commit"],
        dirty=record["dirty"],
        image=record["image"],
    )


def clipped(frame: pd.DataFrame, most: int = POINTS_MOST) -> pd.DataFrame:
    """The newest ``most`` rows; the frame is ordered oldest first and stays so."""
    return frame.tail(most)


def with_value(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows that hold a value, each with ``before``: the value before it on its own line (NaN: none)."""
    held = frame[frame["value"].notna()].copy()
    held["before"] = held.groupby([*CASE, *HOW], sort=False)["value"].shift()
    return held


def without_value(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of sessions that ended before there was a value."""
    return frame[frame["value"].isna()]


def lines(frame: pd.DataFrame) -> list[Line]:
    """The frame's values as lines, ordered by name; another unit, method or technique is another line."""
    found = []
    for key, points in with_value(frame).groupby([*CASE, *HOW], sort=True):
        board, kind, model, precision, unit, method, technique = (str(part) for part in key)
        found.append(Line(board, kind, model, precision, unit, method, technique, points))
    return found
