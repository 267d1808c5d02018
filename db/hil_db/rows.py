"""Writing rows: what is there already is found, the rest is added."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Insert, Select, Table, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from hil.masking import masked
from hil_db.schema import IMAGE

Row = dict[str, Any]


def known(connection: Connection, table: Table, column: str, value: str | int | None) -> int | None:
    """The id of the row that has this value in a column in which each is there once; None without one."""
    if value is None:
        return None
    number: int | None = connection.scalar(_of_value(table, column), {"value": value})
    return number


# Statements are made once: what SQLAlchemy finds out about one it keeps with it.
@cache
def _of_value(table: Table, column: str) -> Select[*tuple[Any, ...]]:
    return select(table.c.id).where(table.c[column] == bindparam("value"))


@cache
def inserting(table: Table) -> Insert:
    """The statement that adds rows to a table."""
    return insert(table)


def add_row(connection: Connection, table: Table, row: Row) -> int:
    """Add one row to a table that numbers its rows; returns its id."""
    key: Sequence[Any] | None = connection.execute(inserting(table), row).inserted_primary_key
    assert key is not None, "each of these tables numbers its rows"
    return int(key[0])


def add_image(connection: Connection, image: Row) -> int:
    """The id of an image, which is added unless it is there; its symbols are, where it had none."""
    number = known(connection, IMAGE, "sha256", image["sha256"])
    if number is not None:
        if image["symbols"] is not None:
            bare = update(IMAGE).where(IMAGE.c.id == number, IMAGE.c.symbols.is_(None))
            connection.execute(bare.values(symbols=image["symbols"]))
        return number
    try:
        with connection.begin_nested():
            return add_row(connection, IMAGE, image)
    except IntegrityError:  # another writer added it since we looked; only where writers do not queue
        number = known(connection, IMAGE, "sha256", image["sha256"])
        if number is None:
            raise
        return number


def stored_text(said: str) -> str:
    """Without passwords; bytes that are no UTF-8, and zeros, which no database takes, become escapes."""
    return masked(said.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00"))
