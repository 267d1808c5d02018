"""The columns of the rows that the database answers with."""

from __future__ import annotations

from typing import Any

from hil_db.schema import MEASURE_COLUMNS

CASE_COLUMNS = ("board", "kind", "model", "precision")
SESSION_COLUMNS = (
    "session",
    "run",
    "time",
    *CASE_COLUMNS,
    "status",
    "error",
    "commit",
    "dirty",
    "note",
    "image",
    "vectors",
)
VALUE_COLUMNS = (*SESSION_COLUMNS, *MEASURE_COLUMNS)  # conditions are told in words, empty without any
MOST_COLUMNS = (*CASE_COLUMNS, "most")

Rows = list[tuple[Any, ...]]
