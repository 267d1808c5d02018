"""Databases that are not whole: torn files, and rows that hold what no store ever put there."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

# What stands in a cell of each: no number, no JSON, no date, no blob of anything.
JUNK = "junk\x01<b>"


def torn(path: Path) -> None:
    """The middle of the file is of something else."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 3)
        file.write(b"\xa5torn" * (size // 15))


def cut(path: Path) -> None:
    """Half of the file is missing."""
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


def spoiled(path: Path, table: str, column: str, held: object = JUNK) -> None:
    """A column holds nonsense in all its rows; SQLite keeps whatever it is given."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f'UPDATE OR IGNORE "{table}" SET "{column}" = ?', (held,))
