"""The table that ends a run: board × model × precision, and a line that says how each figure was obtained."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from hil.escaping import escaped, spelt
from hil.metrics import CASCADE_RATE, GOLDEN_EXACT, METRICS, TIERS, VECTORS, lookup
from hil.text.table import table_lines as columns_lines
from hil.text.wording import band_percents, conditions_text, percent
from hil.values import Measure, Method


@dataclass(frozen=True)
class Row:
    """One finished case: its measures, or the error that ended it."""

    board: str
    model: str
    precision: str
    measures: tuple[Measure, ...]
    error: str | None = None
    interrupted: bool = False  # ended from outside: its board and its image are not at fault
    too_large: str | None = None  # by how much the image does not fit the board, which is no failure


_TITLES = {metric.name: metric.column for metric in METRICS.values() if metric.column is not None}


@dataclass(frozen=True)
class _Column:
    """Values that may stand under each other: of one metric, obtained in one way."""

    metric: str
    method: Method
    technique: str

    def of(self, row: Row) -> Measure | None:
        return next((measure for measure in row.measures if _column(measure) == self), None)


def table_lines(rows: Sequence[Row], encoding: str = "utf-8") -> list[str]:
    """The table and its legend as lines; a failed row says so, its test tells why.

    What the ``encoding`` of the terminal lacks is written in other signs, so that columns stay in line.
    A metric has a column for each way it was obtained, but for a coarser one where every row has a finer.
    """
    if not rows:
        return []
    rows = [replace(row, board=_name(row.board, encoding), model=_name(row.model, encoding)) for row in rows]
    sign = "±" if spelt("±", encoding) == "±" else "+/-"
    every = _columns(rows)
    columns = [column for column in every if not all(_is_finer_told(column, row) for row in rows)]
    figures = [_aligned(column, rows, sign) for column in columns]
    body = [
        [row.board, row.model, row.precision, *(cells[place] for cells in figures), _golden(row)]
        for place, row in enumerate(rows)
    ]
    lines = columns_lines(_heads(columns), body, left=(0, 1, 2, -1))
    return [*lines, *_tiers(rows, sign), *_legend(rows, every, columns)]


def _name(name: str, encoding: str) -> str:
    """A broken model's may hold anything."""
    return spelt(escaped(name), encoding)


def _column(measure: Measure) -> _Column:
    return _Column(measure.metric, measure.method, measure.technique)


def _columns(rows: Sequence[Row]) -> list[_Column]:
    """The ways in which the table's metrics were obtained, in the table's order."""
    found = dict.fromkeys(_column(measure) for row in rows for measure in row.measures)
    return [column for metric in _TITLES for column in found if column.metric == metric]


def _is_finer_told(column: _Column, row: Row) -> bool:
    """Whether the row loses nothing without the column: it has no value there, or a finer one elsewhere."""
    measure = column.of(row)
    return measure is None or _has_finer(row, measure)


def _has_finer(row: Row, measure: Measure) -> bool:
    finer = lookup(measure.metric).finer(measure.technique)
    return any(other.metric == measure.metric and other.technique in finer for other in row.measures)


def _heads(columns: Sequence[_Column]) -> list[str]:
    """The titles, with the technique below when a title alone does not tell its column."""
    titles = [_TITLES[column.metric] for column in columns]
    told = [
        f"{title}\n{column.technique}" if titles.count(title) > 1 else title
        for column, title in zip(columns, titles, strict=True)
    ]
    return ["board", "model", "precision", *told, "golden"]


def _aligned(column: _Column, rows: Sequence[Row], sign: str) -> list[str]:
    """The column's cells; bands stand left-aligned beside the values, so that digits line up."""
    held = [column.of(row) for row in rows]
    bands = ["" if measure is None else _band(measure, sign) for measure in held]
    width = max(map(len, bands))
    return [
        "-" if measure is None else f"{_figure(measure)} {band:{width}}" if width else _figure(measure)
        for measure, band in zip(held, bands, strict=True)
    ]


def _figure(measure: Measure) -> str:
    if lookup(measure.metric).share:
        return f"{percent(measure.value)}%"
    whole = measure.value >= 100 or float(measure.value).is_integer()
    return f"{measure.value:,.0f}" if whole else f"{measure.value:.3g}"


def _band(measure: Measure, sign: str) -> str:
    """A value's band beside it, in percent of it: ``±4%``, ``-3/+22%``."""
    if measure.band is None:
        return ""
    percents = band_percents(measure.value, *measure.band)
    if percents is None:
        return f"({measure.band[0]:g} to {measure.band[1]:g})"
    below, above = percents
    return f"{sign}{above}%" if below == above else f"-{below}/+{above}%"


def _golden(row: Row) -> str:
    if row.too_large is not None:
        return row.too_large
    if row.error is not None:
        return "interrupted" if row.interrupted else "failed"
    exact = next((m for m in row.measures if m.metric == GOLDEN_EXACT.name), None)
    total = next((m for m in row.measures if m.metric == VECTORS.name), None)
    if exact is None or total is None:
        return "-"
    return f"{round(exact.value * total.value)}/{total.value:.0f} {exact.technique}"


def _tiers(rows: Sequence[Row], sign: str) -> list[str]:
    """A line for each cascade: how often its upper tier ran, and what the two ways cost."""
    lines = []
    for row in rows:
        rate = next((measure for measure in row.measures if measure.metric == CASCADE_RATE.name), None)
        if rate is not None:
            which = f"{row.board} {row.model} {row.precision}"
            costs = "".join(f", {cost}" for cost in _tier_costs(row, sign))
            lines.append(f"{which}: the upper tier ran in {percent(rate.value)}%;{costs[1:]} (medians)")
    return ["", *lines] if lines else []


def _tier_costs(row: Row, sign: str) -> list[str]:
    """What either way cost, by every technique but those of which the row has a finer.

    What is counted is so in every row; cycles may be measured in one and estimated in another.
    """
    costs = [
        (measure, tier.told)
        for measure in row.measures
        for tier in TIERS
        if measure.metric.endswith(tier.suffix) and not _has_finer(row, measure)
    ]
    names = [measure.metric for measure, _ in costs]
    told = []
    for measure, way in costs:
        value = " ".join(filter(None, (_figure(measure), measure.unit, _band(measure, sign))))
        alone = names.count(measure.metric) == 1 and measure.method is Method.COUNTED
        by = "" if alone else f" by {measure.technique}"
        told.append(f"{value} {way}{by}")
    return told


def _legend(rows: Sequence[Row], every: Sequence[_Column], shown: Sequence[_Column]) -> list[str]:
    others = [column for column in every if column not in shown]
    lines = [
        f"{word}: {_told(rows, columns)}"
        for word, columns in (("obtained", shown), ("stored beside them", others))
        if columns
    ]
    return ["", *lines] if lines else []


def _told(rows: Sequence[Row], columns: Iterable[_Column]) -> str:
    by_metric: dict[str, list[str]] = {}
    for column in columns:
        by_metric.setdefault(column.metric, []).extend(_notes(rows, column))
    return "; ".join(f"{metric} ({' | '.join(notes)})" for metric, notes in by_metric.items())


def _notes(rows: Sequence[Row], column: _Column) -> list[str]:
    """How a column's values were obtained; where that differs, on which boards."""
    boards: dict[str, dict[str, None]] = {}
    for row in rows:
        measure = column.of(row)
        if measure is not None:
            boards.setdefault(_note(measure), {})[row.board] = None
    if len(boards) == 1:
        return list(boards)
    return [f"{note} on {', '.join(names)}" for note, names in boards.items()]


def _note(measure: Measure) -> str:
    note = f"{measure.method}, {measure.technique}"
    metric = lookup(measure.metric)
    counts = metric.per_vector and not metric.share  # in steps that all its values have in common
    if measure.resolution is not None and counts and measure.resolution > 1:
        note += f", steps of {measure.resolution:g}"
    conditions = conditions_text(measure.conditions)
    return f"{note}, {conditions}" if conditions else note
