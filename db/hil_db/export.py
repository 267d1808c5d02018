"""What `hil export` prints: one row per measure, as CSV or JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

from sqlalchemy import Row, Select, select

from hil.escaping import escaped
from hil.files import replace_file
from hil_db import engine
from hil_db.references import run_ids
from hil_db.schema import MEASURE, MEASURE_COLUMNS, RUN, SESSION
from hil_db.store import Store

CASE_COLUMNS = ("run", "time", "board", "kind", "model", "precision")
COLUMNS = (
    *CASE_COLUMNS,
    *MEASURE_COLUMNS,
    "git_commit",
    "git_dirty",
    "git_note",
)

CASE = (
    SESSION.c.run_id,
    SESSION.c.started,
    SESSION.c.board,
    SESSION.c.kind,
    SESSION.c.model,
    SESSION.c.precision,
)
# The order of a run's sessions: the same each night, whichever board was done first.
BY_CASE = (SESSION.c.board, SESSION.c.model, SESSION.c.precision, SESSION.c.id)

_FORMULAS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # full-width ones too


def export(url: str | None, run: str, form: str, out: TextIO) -> None:
    """Write the measures of ``latest``, ``all`` or one run's id or UUID to ``out``, oldest first.

    ``form`` is csv or json (an array of objects); ``time`` is the session's start, ISO 8601 in UTC.
    In csv, text that begins as a spreadsheet's formula would stands behind an apostrophe, and control
    characters are escaped.
    ``low`` and ``high`` are the band of a value that has one, ``conditions`` an object, in CSV as JSON.
    ``git_note`` says what is not known of the run's commit, or is not in it.
    StoreError when there is no such run.
    """
    write_rows(COLUMNS, _read(url, run), form, out)


def export_to(url: str | None, run: str, form: str, path: Path) -> None:
    """Write the same to a file, also as ``parquet``; it is there whole, or as it was.

    In Parquet ``time`` is a moment in UTC and ``conditions`` JSON. StoreError without what writes it.
    """
    if form == "parquet":
        from hil_db.parquet import parquet

        replace_file(path, parquet(COLUMNS, _read(url, run)))
        return
    out = io.StringIO()
    export(url, run, form, out)
    replace_file(path, out.getvalue())


def _read(url: str | None, run: str) -> list[list[Any]]:
    with (
        Store.open_read_only(url) as store,
        engine.explained(store.url),
        store.engine.connect() as connection,
    ):
        query = _query(run_ids(connection, run, store.url))
        return [_cells(row) for row in connection.execute(query)]


def write_rows(columns: Sequence[str], rows: Sequence[Sequence[Any]], form: str, out: TextIO) -> None:
    """Write rows as csv with a head, or as json: an array of objects; what is not there is empty or null."""
    if form == "json":
        json.dump([dict(zip(columns, row, strict=True)) for row in rows], out, indent=1)
        out.write("\n")
        return
    table = csv.writer(out, lineterminator="\n")
    table.writerow(columns)
    table.writerows([_csv_cell(cell) for cell in row] for row in rows)


def _csv_cell(cell: Any) -> Any:
    """An object as JSON; text on one line, behind an apostrophe where a spreadsheet would compute it."""
    if isinstance(cell, dict):
        return json.dumps(cell)
    if not isinstance(cell, str):
        return cell
    text = escaped(cell)
    return f"'{text}" if text.startswith(_FORMULAS) else text


def _query(ids: list[int] | None) -> Select[*tuple[Any, ...]]:
    query = (
        select(
            *CASE,
            *(MEASURE.c[name] for name in MEASURE_COLUMNS),
            RUN.c.git_commit,
            RUN.c.git_dirty,
            RUN.c.git_note,
        )
        .join(MEASURE, MEASURE.c.session_id == SESSION.c.id)
        .join(RUN, RUN.c.id == SESSION.c.run_id)
        .order_by(SESSION.c.run_id, *BY_CASE, MEASURE.c.id)
    )
    return query if ids is None else query.where(SESSION.c.run_id.in_(ids))


def _cells(row: Row[*tuple[Any, ...]]) -> list[Any]:
    run, started, *rest, conditions, commit, dirty, note = row
    if not isinstance(conditions, dict):
        raise TypeError(f"the conditions of a measure are {conditions!r}")
    held = {name: _count(conditions[name]) for name in sorted(conditions)}
    return [run, time_text(started), *map(_count, rest), held, commit, dirty, note]


def time_text(time: Any) -> str:
    """A moment, ISO 8601 in UTC, to the second."""
    text: str = time.isoformat(timespec="seconds")
    return text.replace("+00:00", "Z")


def _count(cell: Any) -> Any:
    """Counts print as counts: 540, not 540.0."""
    return int(cell) if isinstance(cell, float) and cell.is_integer() else cell
