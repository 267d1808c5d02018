"""The matrix page: board × model × precision, the newest value of each metric."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from dash import html
from dash.development.base_component import Component

from hil.metrics import GOLDEN_EXACT, MATRIX, lookup
from hil_dashboards import text
from hil_dashboards.choices.series import Choice
from hil_dashboards.frames import Row, Value
from hil_dashboards.pages.grid import PADDING, grid, width
from hil_dashboards.pages.parts import Child, legend

# Pixels.
_HEAD_LEAST, _HEAD_LINE, _LINE_HEIGHT = 96, 16, 18
_LETTER, _LETTER_SMALL = 8.3, 7.3  # letters of a wide font
_LETTER_WRAPPED = 6.6  # on average
_NAMES, _LETTER_NAME = 182, 8.7


def matrix_page(rows: Sequence[Row]) -> list[Child]:
    """One table of all boards, then what the methods mean; ``rows`` are ordered by board."""
    columns, others = ways(rows)
    return [
        html.Div(
            [
                html.H1("Newest results"),
                html.P(
                    "The newest value of each metric, of the run that its row names unless it names another. "
                    "A value leads to its series over runs, a column's head sorts.",
                    className="muted",
                ),
            ],
            className="page-head",
        ),
        _table(rows, columns, others),
        legend(),
    ]


class Way(NamedTuple):
    """Values that may stand in one column: of one metric, unit, method, technique and conditions."""

    metric: str
    unit: str
    method: str
    technique: str
    conditions: str


def ways(rows: Sequence[Row]) -> tuple[list[Way], list[Way]]:
    """The columns that the rows' values need, in the order of the metrics, those with most values first.

    And those that need none: every row with such a value has one by a finer technique too.
    """
    cells = [values for row in rows for values in row.values.values()]
    held = Counter(way_of(value) for values in cells for value in values)
    needed = {way_of(value) for values in cells for value in values if not _has_finer(value, values)}
    place = [metric.name for metric in MATRIX].index
    every = sorted(held, key=lambda way: (place(way.metric), -held[way], way.technique, way.conditions))
    return [way for way in every if way in needed], [way for way in every if way not in needed]


def _has_finer(value: Value, others: Sequence[Value]) -> bool:
    finer = lookup(value.metric).finer(value.technique)
    return any(other.technique in finer for other in others)


def way_of(value: Value) -> Way:
    """The column of a value."""
    return Way(value.metric, value.unit, value.method, value.technique, value.conditions)


def _table(rows: Sequence[Row], columns: Sequence[Way], others: Sequence[Way]) -> Component:
    boards = {(row.board, row.kind) for row in rows}
    fields = {way: f"value{place}" for place, way in enumerate(columns)}
    cells = [cell for row in rows for cell in _rows(row, fields)]
    heads = [_CASE, *([_BOARD] if len(boards) > 1 else []), _RUN]
    heads += [_value_column(way, field, columns, cells) for way, field in fields.items()]
    board, kind = next(iter(boards)) if len(boards) == 1 else (f"{len(boards)} boards", "")
    count = f"{len(rows):,} row{'' if len(rows) == 1 else 's'}"
    told = html.H2([board, html.Span(f"{kind}, {count}" if kind else count, className="kind")])
    shown = grid(heads, cells, head=max([_HEAD_LEAST, *map(_head_height, columns, heads[-len(columns) :])]))
    return html.Section([told, shown, *_beside(others)], className="card grid-card")


def _beside(others: Sequence[Way]) -> list[Child]:
    """What else is stored of the same, with the way to it."""
    if not others:
        return []
    told: list[Child] = []
    for metric in dict.fromkeys(way.metric for way in others):
        how = " and ".join(
            dict.fromkeys(f"{way.method}, {way.technique}" for way in others if way.metric == metric)
        )
        link = html.A(lookup(metric).title, href=Choice(metric).href(), className="more")
        told += ["; " if told else "", link, f" ({how})"]
    return [html.P(["Stored beside them, and coarser: ", *told, "."], className="beside muted")]


_CASE = {
    "headerName": "Model",
    "field": "model",
    "cellRenderer": "Case",
    "cellAriaRole": "rowheader",
    "pinned": "left",
    "width": _NAMES,
}
_BOARD = {"headerName": "Board", "field": "board", "cellRenderer": "Board", "width": 140}
_RUN = {"headerName": "Run", "field": "run", "cellRenderer": "Run", "width": 86}


def _value_column(
    way: Way, field: str, columns: Sequence[Way], cells: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    others = {one.conditions for one in columns if (one.metric, one.technique) == (way.metric, way.technique)}
    conditions = (way.conditions or "no conditions") if len(others) > 1 else ""
    title, unit = lookup(way.metric).title, text.unit(way.metric, way.unit)
    words = re.split("[ -]", " ".join((title, way.method, way.technique, conditions)))
    held = [cell[field] for cell in cells if field in cell]
    notes = [note for one in held for _, note in one.get("notes", ())]
    widest = max(width([*words, *notes], _LETTER_SMALL), width([one["text"] for one in held], _LETTER))
    meaning = text.METHODS.get(way.method)
    return {
        "headerName": " ".join(filter(None, (title, unit, way.method, way.technique, conditions))),
        "headerTooltip": f"{way.method}: {meaning}" if meaning else way.method,
        "headerComponentParams": {
            "innerHeaderComponent": "Head",
            "innerHeaderComponentParams": {
                "title": title,
                "unit": unit,
                "method": way.method,
                "known": bool(meaning),
                "technique": way.technique,
                "conditions": conditions,
            },
        },
        "field": field,
        "cellRenderer": "Figure",
        "cellRendererParams": {"metric": way.metric},
        "comparator": {"function": "byNumber"},
        "type": "rightAligned",
        "flex": widest,
        "minWidth": widest,
    }


def _head_height(way: Way, made: dict[str, Any]) -> int:
    """Pixels of a column's head, where the column is no wider than it has to be."""
    room = made["minWidth"] - PADDING
    told = made["headerComponentParams"]["innerHeaderComponentParams"]
    parts = (
        " ".join(filter(None, (told["title"], told["unit"]))),
        way.method,
        way.technique,
        told["conditions"],
    )
    letters = (_LETTER_SMALL, *(_LETTER_WRAPPED for _ in parts[1:]))  # a title is bold
    lines = (_broken(part, room, letter) for part, letter in zip(parts, letters, strict=True) if part)
    return PADDING + 1 + _HEAD_LINE * sum(lines)


def _broken(words: str, room: int, letter: float) -> int:
    """The lines that words take, with room for so many pixels in each, and letters of so many."""
    lines, left = 1, float(room)
    for word in re.split("[ -]", words):
        needed = len(word) * letter
        if needed > left and left < room:
            lines, left = lines + 1, float(room)
        left -= needed + letter
    return lines


def _rows(row: Row, fields: Mapping[Way, str]) -> list[dict[str, Any]]:
    """A row of the grid, and below it one that says why its session ended, if it did not finish.

    Both hold the same values, so that sorting leaves them beside each other.
    """
    origin = _origin(row)
    cells = {
        fields[way]: _cell(row, origin, value)
        for values in row.values.values()
        for value in values
        if (way := way_of(value)) in fields
    }
    lines = (
        1
        + -(-width([row.model], _LETTER_NAME) // _NAMES)
        + (row.status != "finished" and row.profiled)
        + row.traced
    )
    lines = max([lines, *(1 + len(cell.get("notes", ())) for cell in cells.values())])
    held = {
        "board": row.board,
        "kind": row.kind,
        "model": row.model,
        "precision": row.precision,
        "status": row.status,
        "run": row.run,
        "day": text.day(row.time),
        "from": origin,
        "profiled": row.profiled,
        "traced": row.traced,
        "height": PADDING + _LINE_HEIGHT * lines,
        **cells,
    }
    return [held] if row.status == "finished" else [held, {**held, "failure": _failure(row)}]


def _failure(row: Row) -> dict[str, str]:
    runs = sorted({value.run for values in row.values.values() for value in values})
    return {
        "what": f"Run {row.run} {row.status}",
        "why": f", {text.moment(row.time)}: {row.error or 'no reason was stored'}",
        "kept": f"The values above are from run {' and '.join(map(str, runs))}."
        if runs
        else "There are no values yet.",
    }


def _cell(row: Row, origin: tuple[str, ...], value: Value) -> dict[str, Any]:
    """A value as grid.js shows it; ``number`` is what it sorts by.

    What most cells would repeat is left out: notes where there are none, and the row's own origin.
    """
    cell: dict[str, Any] = {"number": value.value, "text": text.value(value.metric, value.value)}
    if notes := _notes(row, value):
        cell["notes"] = notes
    if told := _told(value):
        cell["told"] = told
    if (own := _origin(value)) != origin:
        cell["from"] = own
    if value.metric == GOLDEN_EXACT.name and value.value < 1:
        cell["wrong"] = True
    return cell


def _notes(row: Row, value: Value) -> list[tuple[str, str]]:
    """What stands below a value, each with its class in the style sheet."""
    notes = []
    if value.band is not None:
        notes.append(("band", text.band(value.metric, value.value, value.band)))
    if value.partial:
        notes.append(("partial", f"{value.over:,} vectors"))
    if value.run != row.run:
        notes.append(("older", f"run {value.run}"))
    return notes


def _told(value: Value) -> list[str]:
    told = []
    if value.over is not None:
        told.append(f"over {value.over:,} vectors")
    if value.band is not None:
        told.append(f"expected {text.expected(value.metric, value.value, value.band)}")
    if value.conditions:
        told.append(value.conditions)
    if value.resolution is not None and not lookup(value.metric).share:
        told.append(f"steps of {text.plain(value.resolution)}")
    return told


def _origin(of: Row | Value) -> tuple[str, ...]:
    """Where a session, or a value of it, comes from."""
    return _session(of.run, of.time, of.commit, of.dirty, of.note, of.image)


@lru_cache
def _session(
    run: int, time: datetime, commit: str | None, dirty: bool | None, note: str | None, image: str | None
) -> tuple[str, ...]:
    return (
        f"run {run}, {text.moment(time)}",
        text.of_commit(commit, dirty, note),
        f"image {text.image(image)}",
    )
