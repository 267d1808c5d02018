"""The table that ends a run: board × model × precision, and a line that says how each figure was obtained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hil.values import Measure


@dataclass(frozen=True)
class Row:
    """One finished case: its measures, or the error that ended it."""

    board: str
    model: str
    precision: str
    measures: tuple[Measure, ...]
    error: str | None = None


@dataclass(frozen=True)
class _Column:
    metric: str
    title: str
    percent: bool = False


COLUMNS = (
    _Column("accuracy", "accuracy", percent=True),
    _Column("instructions", "instructions"),
    _Column("flash_bytes", "flash B"),
    _Column("ram_bytes", "RAM B"),
    _Column("stack_bytes", "stack B"),
)


def table_lines(rows: Sequence[Row]) -> list[str]:
    """The table and its legend as lines; a failed row says so, its test tells why."""
    if not rows:
        return []
    heads = ["board", "model", "precision", *(column.title for column in COLUMNS), "golden"]
    body = [[row.board, row.model, row.precision, *_figures(row), _golden(row)] for row in rows]
    widths = [max(len(line[i]) for line in [heads, *body]) for i in range(len(heads))]
    lines = [_line(heads, widths), "  ".join("-" * width for width in widths)]
    lines += [_line(cells, widths) for cells in body]
    return [*lines, *_tiers(rows), *_legend(rows)]


def _figures(row: Row) -> list[str]:
    by_name = {measure.metric: measure for measure in row.measures}
    return [_figure(column, by_name.get(column.metric)) for column in COLUMNS]


def _figure(column: _Column, measure: Measure | None) -> str:
    if measure is None:
        return "-"
    return f"{measure.value:.2%}" if column.percent else f"{measure.value:,.0f}"


def _golden(row: Row) -> str:
    if row.error is not None:
        return "failed"
    exact = next((m for m in row.measures if m.metric == "golden_exact"), None)
    total = next((m for m in row.measures if m.metric == "vectors"), None)
    if exact is None or total is None:
        return "-"
    return f"{round(exact.value * total.value)}/{total.value:.0f} {exact.technique}"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    text = [cell.ljust(width) for cell, width in zip(cells[:3], widths[:3], strict=True)]
    figures = [cell.rjust(width) for cell, width in zip(cells[3:-1], widths[3:-1], strict=True)]
    return "  ".join([*text, *figures, cells[-1]]).rstrip()


def _tiers(rows: Sequence[Row]) -> list[str]:
    """A line for each cascade: how often its upper tier ran, and what the two ways cost."""
    lines = []
    for row in rows:
        by_name = {measure.metric: measure for measure in row.measures}
        if "cascade_rate" in by_name:
            rate = by_name["cascade_rate"].value
            costs = [
                f"{measure.value:,.0f} {measure.unit} {way}"
                for suffix, way in (("_lower", "without it"), ("_both", "with it"))
                for name, measure in by_name.items()
                if name.endswith(suffix)
            ]
            which = f"{row.board} {row.model} {row.precision}"
            lines.append(f"{which}: the upper tier ran in {rate:.2%}; {', '.join(costs)} (medians)")
    return ["", *lines] if lines else []


def _legend(rows: Sequence[Row]) -> list[str]:
    how: dict[str, dict[str, None]] = {}
    for column in COLUMNS:
        for row in rows:
            for measure in row.measures:
                if measure.metric == column.metric:
                    note = f"{measure.method}, {measure.technique}"
                    if measure.resolution is not None and not column.percent and measure.resolution > 1:
                        note += f", steps of {measure.resolution:g}"
                    how.setdefault(column.metric, {})[note] = None
    notes = [f"{metric} ({' | '.join(kinds)})" for metric, kinds in how.items()]
    return ["", "obtained: " + "; ".join(notes)] if notes else []
