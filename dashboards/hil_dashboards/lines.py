"""Rows as the lines of a series: pure functions of values, a record a point, as there are thousands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from hil.metrics import lookup
from hil_dashboards.reading.columns import CASE_COLUMNS, VALUE_COLUMNS, Rows

Point = Mapping[str, Any]  # VALUE_COLUMNS, and what points_of and lines add

case_of = itemgetter(*CASE_COLUMNS)
_how = itemgetter("unit", "method", "technique", "conditions", "over")


@dataclass(frozen=True)
class Line:
    """Values that may be compared: of one board, model, precision, unit, method, technique and conditions.

    And taken ``over`` the same number of vectors (None for a metric that needs none): a quick look at a few
    vectors has another median than all of them. ``points`` are oldest first.
    """

    board: str
    kind: str
    model: str
    precision: str
    unit: str
    method: str
    technique: str
    conditions: str
    over: int | None
    points: tuple[Point, ...]

    @property
    def case(self) -> tuple[str, str, str, str]:
        """What was measured, however."""
        return (self.board, self.kind, self.model, self.precision)


def points_of(rows: Rows) -> list[Point]:
    """Records of rows with VALUE_COLUMNS, and ``over``: the vectors of a metric that depends on them."""
    found: list[Point] = []
    for row in rows:
        point = dict(zip(VALUE_COLUMNS, row, strict=True))
        of_vectors = point["vectors"] is not None and point["metric"] and lookup(point["metric"]).of_vectors
        point["over"] = int(point["vectors"]) if of_vectors else None
        found.append(point)
    return found


def lines(points: Iterable[Point]) -> list[Line]:
    """The points that hold a value as lines, ordered by name; what may not be compared is on another line.

    Each of their points has ``before``, the value before it, None for the first.
    """
    held: dict[tuple[Any, ...], list[Point]] = {}
    for point in points:
        if point["value"] is None:
            continue
        some = held.setdefault((*case_of(point), *_how(point)), [])
        some.append({**point, "before": some[-1]["value"] if some else None})
    found = []
    for key in sorted(held, key=_order):
        board, kind, model, precision, unit, method, technique, conditions, over = key
        points = tuple(held[key])
        found.append(Line(board, kind, model, precision, unit, method, technique, conditions, over, points))
    return found


def _order(key: tuple[Any, ...]) -> tuple[Any, ...]:
    *names, over = key
    return *map(str, names), over is None, over or 0


def lost(points: Iterable[Point]) -> list[Point]:
    """The points of sessions that ended before there was a value."""
    return [point for point in points if point["value"] is None]


def band(point: Point) -> tuple[float, float] | None:
    """The ends of a point's band; None when it has none."""
    return None if point["low"] is None else (point["low"], point["high"])
