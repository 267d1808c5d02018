"""The matrix's table: a row an image and a column a metric, or of one metric a column a board."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from textwrap import wrap
from typing import Any, NamedTuple

from dash.development.base_component import Component

from hil.metrics import MATRIX, METRICS, lookup
from hil_dashboards import text
from hil_dashboards.choices.places import session_place
from hil_dashboards.frames import Row, Value
from hil_dashboards.pages.grid import PADDING, grid, width
from hil_dashboards.pages.matrix_cells import (
    NEVER,
    NO_IMAGE,
    Cell,
    Setting,
    cell_of,
    mark_width,
    origin_of,
    without_value,
)
from hil_dashboards.reading.matrix import MatrixData
from hil_db.histories import Case

# Pixels.
_HEAD_LEAST, _HEAD_LINE, _LINE_HEIGHT = 96, 16, 18
_COMPACT_HEAD, _COMPACT_LINE, _COMPACT_ROW = 19, 13, 15
_LETTER, _LETTER_SMALL = 8.3, 7.3  # letters of a wide font
_LETTER_COMPACT, _LETTER_MARK = 7.9, 7.2  # bold ones
_WIDEST = 240
_LETTER_WRAPPED = 6.6  # on average
_TECHNIQUE = 18  # letters that one may have in a line: a whole model of currents took the room of two columns
_NAMES, _LETTER_NAME = 182, 8.7
_IN_ORDER = dict.fromkeys([*(metric.name for metric in MATRIX), *METRICS])
_METRICS = {name: place for place, name in enumerate(_IN_ORDER)}


class Way(NamedTuple):
    """Values that may stand in one column: of one metric, unit, method, technique and conditions."""

    metric: str
    unit: str
    method: str
    technique: str
    conditions: str


class Table(NamedTuple):
    """The grid, how many rows it has, and the ways of values that it has no columns of."""

    grid: Component
    rows: int
    others: list[Way]


def ways(rows: Sequence[Row]) -> tuple[list[Way], list[Way]]:
    """The columns that the rows' values need, in the order of the metrics, those with most values first.

    And those that need none: every row with such a value has one by a finer technique too.
    """
    cells = [values for row in rows for values in row.values.values()]
    held = Counter(way_of(value) for values in cells for value in values)
    needed = {way_of(value) for values in cells for value in values if not _has_finer(value, values)}
    every = sorted(
        held,
        key=lambda way: (
            _METRICS.get(way.metric, len(_METRICS)),
            way.metric,
            -held[way],
            way.technique,
            way.conditions,
        ),
    )
    return [way for way in every if way in needed], [way for way in every if way not in needed]


def _has_finer(value: Value, others: Sequence[Value]) -> bool:
    finer = lookup(value.metric).finer(value.technique)
    return any(other.technique in finer for other in others)


def way_of(value: Value) -> Way:
    """The column of a value."""
    return Way(value.metric, value.unit, value.method, value.technique, value.conditions)


def by_image(data: MatrixData, rows: Sequence[Row], never: Sequence[Case], setting: Setting) -> Table:
    """A row an image on a board, a column a metric and the way it was obtained."""
    columns, others = ways(rows)
    if data.choice.coarse:
        columns, others = [*columns, *others], []
    fields = {way: f"value{place}" for place, way in enumerate(columns)}
    cells = [cell for row in rows for cell in _of_image(row, fields, setting)]
    cells += [_of_case(case, setting) | dict.fromkeys(fields.values(), NEVER) for case in never]
    boards = {(row["board"], row["kind"]) for row in cells}
    roomy = setting.roomy
    heads = [_case_column(cells, roomy), *([_board_column(cells, roomy)] if len(boards) > 1 else [])]
    run = ("Run", 86) if roomy else ("OneRun", 76)
    heads.append({"headerName": "Run", "field": "run", "cellRenderer": run[0], "width": run[1]})
    for way, field in fields.items():
        conditions = {
            one.conditions for one in columns if (one.metric, one.technique) == (way.metric, way.technique)
        }
        told = (way.conditions or "no conditions") if len(conditions) > 1 else ""
        head = {
            "title": lookup(way.metric).title,
            "unit": text.unit(way.metric, way.unit),
            "conditions": told,
        }
        heads.append(_value_column(way, field, head, cells, roomy, {"metric": way.metric}))
    return Table(_grid(data, heads, cells, roomy), len(cells), others)


def by_board(data: MatrixData, rows: Sequence[Row], never: Sequence[Case], setting: Setting) -> Table:
    """Of one metric: a row a model and precision, a column a board and the way it was obtained there."""
    assert data.choice.metric is not None, "who chooses none has a row an image"
    metric, roomy = data.choice.metric, setting.roomy
    known = set(never)
    cases = sorted({*known, *(Case(row.board, row.kind, row.model, row.precision) for row in rows)})
    images = sorted({(case.model, case.precision) for case in cases})
    held: dict[tuple[str, str], dict[str, Any]] = {
        image: {"model": image[0], "precision": image[1]} for image in images
    }
    boards = sorted({(case.board, case.kind) for case in cases})
    heads: list[tuple[str, str, Way | None, str]] = []
    others: list[Way] = []
    for board, kind in boards:
        of_board = {(row.model, row.precision): row for row in rows if (row.board, row.kind) == (board, kind)}
        columns, coarse = ways(list(of_board.values()))
        if data.choice.coarse:
            columns, coarse = [*columns, *coarse], []
        others += [way for way in coarse if way not in others]
        found: Sequence[Way | None] = columns or [None]
        for way in found:
            field = f"value{len(heads)}"
            heads.append((board, kind, way, field))
            for image in images:
                held[image][field] = (
                    _in_column(row, way, columns, setting)
                    if (row := of_board.get(image)) is not None
                    else NEVER
                    if (board, kind, *image) in known
                    else NO_IMAGE
                )
    cells = [{**one, "height": _height([one], [f for *_, f in heads], roomy)} for one in held.values()]
    alike = Counter((board, kind, way[:4]) for board, kind, way, _ in heads if way is not None)
    names = [_name_column(cells, roomy)]
    for board, kind, way, field in heads:
        among = way is not None and alike[board, kind, way[:4]] > 1
        told = (way.conditions or "no conditions") if way is not None and among else ""
        head = {"title": board, "unit": "", "conditions": told}
        made = _value_column(way, field, head, cells, roomy, {"metric": metric, "board": board, "kind": kind})
        names.append(made)
    return Table(_grid(data, names, cells, roomy), len(cells), others)


def _in_column(row: Row, way: Way | None, columns: Sequence[Way], setting: Setting) -> Cell | None:
    """A row's value of a way; where it has none at all, why, once."""
    values = [value for held in row.values.values() for value in held]
    found = next((value for value in values if way_of(value) == way), None)
    if found is not None:
        return _marked(row, cell_of(row, (), found, setting))
    if any(way_of(value) in columns for value in values):
        return None
    return without_value(row)


def _marked(row: Row, cell: Cell) -> Cell:
    """A value whose case did not finish last says so: it is of a session before."""
    if row.status == "finished":
        return cell
    words = row.status if row.fits else "does not fit"
    why = f"run {row.run} {words}: {row.error or 'no reason was stored'}"
    return {**cell, "failed": words, "told": [why, *cell.get("told", ())]}


def _of_image(row: Row, fields: Mapping[Way, str], setting: Setting) -> list[dict[str, Any]]:
    """A row of the grid, and with room below it one that says why its session ended, if it did not finish.

    Both hold the same values, so that sorting leaves them beside each other.
    """
    origin = origin_of(row)
    cells: dict[str, Any] = {
        fields[way]: cell_of(row, origin, value, setting)
        for values in row.values.values()
        for value in values
        if (way := way_of(value)) in fields
    }
    held = {
        "board": row.board,
        "kind": row.kind,
        "model": row.model,
        "precision": row.precision,
        "status": row.status if row.fits else "does not fit",
        "run": row.run,
        "day": text.day(row.time),
        "from": origin,
        "session": session_place(row.session),
        "profiled": row.profiled,
        "traced": row.traced,
        "age": row.age,
        **cells,
    }
    if row.status != "finished":
        held["error"] = row.error or "no reason was stored"
    held["height"] = _height([held], fields.values(), setting.roomy, row)
    if row.status == "finished" or not setting.roomy:
        return [held]
    return [held, {**held, "failure": _failure(row)}]


def _of_case(case: Case, setting: Setting) -> dict[str, Any]:
    held = {**case._asdict(), "status": "never run", "from": ("never run",), "never": True}
    return held | {"height": PADDING + 2 * _LINE_HEIGHT if setting.roomy else _COMPACT_ROW}


def _height(cells: Sequence[dict[str, Any]], fields: Any, roomy: bool, row: Row | None = None) -> int:
    if not roomy:
        return _COMPACT_ROW
    lines = 2
    if row is not None:
        broken = -(-width([row.model], _LETTER_NAME) // _NAMES)
        lines = 1 + broken + (row.status != "finished" and row.profiled) + row.traced
    notes = (len((one.get(field) or {}).get("notes", ())) for one in cells for field in fields)
    return PADDING + _LINE_HEIGHT * max([lines, *(1 + count for count in notes)])


def _failure(row: Row) -> dict[str, str]:
    runs = sorted({value.run for values in row.values.values() for value in values})
    return {
        "what": f"Run {row.run} {row.status}",
        "why": f", {text.moment(row.time)}: {row.error or 'no reason was stored'}",
        "kept": f"The values above are from run {' and '.join(map(str, runs))}."
        if runs
        else "There are no values yet.",
    }


def _case_column(cells: Sequence[dict[str, Any]], roomy: bool) -> dict[str, Any]:
    made = {"headerName": "Model", "field": "model", "cellAriaRole": "rowheader", "pinned": "left"}
    if roomy:
        return made | {"cellRenderer": "Case", "width": _NAMES}
    told = [
        " ".join(
            [
                cell["model"],
                cell["precision"],
                *([cell["status"]] if cell["status"] != "finished" else []),
                *(["cycles"] if cell.get("profiled") else []),
                *(["power"] if cell.get("traced") else []),
            ]
        )
        for cell in cells
    ]
    return made | {"cellRenderer": "OneCase", "width": min(width(told, _LETTER_COMPACT), 330)}


def _name_column(cells: Sequence[dict[str, Any]], roomy: bool) -> dict[str, Any]:
    told = [f"{cell['model']} {cell['precision']}" for cell in cells]
    needed = width(told, _LETTER_NAME if roomy else _LETTER_COMPACT)
    return {
        "headerName": "Model",
        "field": "model",
        "cellRenderer": "Image",
        "cellAriaRole": "rowheader",
        "pinned": "left",
        "width": min(needed, 260),
    }


def _board_column(cells: Sequence[dict[str, Any]], roomy: bool) -> dict[str, Any]:
    needed = 140 if roomy else width([cell["board"] for cell in cells], _LETTER_COMPACT)
    renderer = "Board" if roomy else "Name"
    return {"headerName": "Board", "field": "board", "cellRenderer": renderer, "width": max(needed, 60)}


def _value_column(
    way: Way | None,
    field: str,
    head: Mapping[str, str],
    cells: Sequence[dict[str, Any]],
    roomy: bool,
    params: Mapping[str, str],
) -> dict[str, Any]:
    method, technique = (way.method, way.technique) if way is not None else ("", "")
    words = re.split("[ -]", " ".join((head["title"], method, technique, head["conditions"])))
    if not roomy:
        words += [*wrap(technique, _TECHNIQUE), f"{head['title']} {head['unit']}"]
    held = [cell[field] for cell in cells if cell.get(field)]
    notes = [note for one in held for _, note in one.get("notes", ())]
    letter = _LETTER if roomy else _LETTER_COMPACT
    figures = width([one["text"] for one in held], letter)
    marks = round(_LETTER_MARK * max(map(mark_width, held), default=0))
    widest = max(width([*words, *notes], _LETTER_SMALL), figures + (0 if roomy else marks))
    meaning = text.METHODS.get(method)
    how = f"{method}: {meaning}" if meaning else method
    told = ", ".join(filter(None, (params.get("kind"), how, way.conditions if way is not None else "")))
    return {
        "headerName": " ".join(
            filter(None, (head["title"], head["unit"], method, technique, head["conditions"]))
        ),
        "headerTooltip": told,
        "headerComponentParams": {
            "innerHeaderComponent": "Head",
            "innerHeaderComponentParams": {
                **head,
                "method": method,
                "known": bool(meaning),
                "technique": technique,
            },
        },
        "field": field,
        "cellRenderer": "Figure" if roomy else "Value",
        "cellRendererParams": dict(params),
        "comparator": {"function": "byNumber"},
        "type": "rightAligned",
        "flex": widest,
        "minWidth": widest,
        **({} if roomy else {"maxWidth": max(widest, _WIDEST)}),
    }


def _grid(
    data: MatrixData, heads: list[dict[str, Any]], cells: Sequence[dict[str, Any]], roomy: bool
) -> Component:
    field, _, direction = (data.choice.sort or "").partition(".")
    heads = [{**one, "sort": direction} if one["field"] == field else one for one in heads]
    values = [one for one in heads if "headerComponentParams" in one]
    head = max([_HEAD_LEAST if roomy else 0, *(_head_height(one, roomy) for one in values)])
    return grid(heads, cells, head=head, style="grid" if roomy else "grid compact", name="matrix-grid")


def _head_height(made: dict[str, Any], roomy: bool) -> int:
    """Pixels of a column's head, where the column is no wider than it has to be."""
    room = made["minWidth"] - PADDING
    told = made["headerComponentParams"]["innerHeaderComponentParams"]
    title = " ".join(filter(None, (told["title"], told["unit"])))
    parts = (title, told["method"], told["technique"], told["conditions"])
    letters = (_LETTER_SMALL, *(_LETTER_WRAPPED for _ in parts[1:]))  # a title is bold
    lines = sum(_broken(part, room, letter) for part, letter in zip(parts, letters, strict=True) if part)
    return PADDING + 1 + _HEAD_LINE * lines if roomy else _COMPACT_HEAD + _COMPACT_LINE * lines


def _broken(words: str, room: int, letter: float) -> int:
    """The lines that words take, with room for so many pixels in each, and letters of so many."""
    lines, left = 1, float(room)
    for word in re.split("[ -]", words):
        needed = len(word) * letter
        if needed > left and left < room:
            lines, left = lines + 1, float(room)
        left -= needed + letter
    return lines
