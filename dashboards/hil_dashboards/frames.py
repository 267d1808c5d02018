"""Stored values in the order a page shows them: rows of the matrix, the data frame of a series. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from hil_dashboards.queries import Ended, MatrixData, SeriesData, Value

PLOTTED_MOST = 5_000  # beyond it SVG is slow to draw
LINE = ["board", "model", "precision", "method", "technique", "unit"]

_COLUMNS = (
    *("session", "run", "time", "board", "model", "precision", "status", "error", "commit", "dirty", "image"),
    *("value", "unit", "method", "technique", "resolution", "vectors"),
)


@dataclass(frozen=True)
class Row:
    """One case of the matrix: how its newest session ended, and the newest values of each metric."""

    board: str
    kind: str
    model: str
    precision: str
    status: str
    error: str | None
    run: int
    time: datetime
    values: Mapping[str, tuple[Value, ...]]


def matrix(data: MatrixData) -> list[Row]:
    """One row per case, ordered by board, model and precision."""
    by_case: dict[tuple[str, str, str], dict[str, list[Value]]] = {}
    for value in data.values:
        by_case.setdefault(value.origin.case, {}).setdefault(value.metric, []).append(value)
    return [
        Row(
            board=ended.board,
            kind=ended.kind,
            model=ended.model,
            precision=ended.precision,
            status=ended.status,
            error=ended.error,
            run=ended.run,
            time=ended.time,
            values={metric: tuple(held) for metric, held in by_case.get(ended.case, {}).items()},
        )
        for ended in data.sessions
    ]


def series(data: SeriesData) -> pd.DataFrame:
    """One row per value, and one without a value per session that ended without it; oldest first.

    ``before`` is the value of the same board, model, precision, method and technique that came before.
    """
    records = [_record(value.origin, value) for value in data.values]
    records += [_record(ended, None) for ended in data.without]
    frame = pd.DataFrame(records, columns=list(_COLUMNS)).sort_values("session", kind="stable")
    frame["before"] = frame[frame["value"].notna()].groupby(LINE, sort=False)["value"].shift(1)
    return frame.reset_index(drop=True)


def _record(ended: Ended, value: Value | None) -> tuple[Any, ...]:
    start = (
        *(ended.session, ended.run, ended.time, ended.board, ended.model, ended.precision),
        *(ended.status, ended.error, ended.commit, ended.dirty, ended.image),
    )
    if value is None:
        return (*start, None, None, None, None, None, None)
    return (
        *start,
        *(value.value, value.unit, value.method, value.technique, value.resolution, value.vectors),
    )


def clipped(frame: pd.DataFrame) -> pd.DataFrame:
    """The newest rows, no more than can be drawn."""
    return frame.tail(PLOTTED_MOST)


def lines(frame: pd.DataFrame) -> list[tuple[dict[str, str], pd.DataFrame]]:
    """What is joined by a line: one board, model, precision, method and technique, oldest first."""
    held = frame[frame["value"].notna()]
    return [
        (dict(zip(LINE, map(str, key), strict=True)), part) for key, part in held.groupby(LINE, sort=True)
    ]


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows as dictionaries, with None for what is not there."""
    plain = frame.astype(object).where(frame.notna(), None)
    return [{str(name): cell for name, cell in row.items()} for row in plain.to_dict("records")]
