"""Bringing a database to this version's schema; Alembic is imported only when a migration is due."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    insert,
    inspect,
    select,
)
from sqlalchemy.engine import URL

from hil.errors import StoreError
from hil_db import MIGRATIONS, newest
from hil_db.engine import command, looking, shown
from hil_db.schema import METADATA, VERSION_TABLE

REVISIONS = (
    "0001",
    "0002",
    "0003",
    "0004",
    "0005",
    "0006",
    "0007",
    "0008",
    "0009",
    "0010",
    "0011",
    "0012",
    "0013",
    "0014",
    "0015",
)  # those of the scripts, oldest first; a test compares them
_POSTGRES_LOCK = 0x68696C  # an advisory lock's number: whoever comes second waits for the first to migrate

_VERSION = Table(  # as Alembic makes it
    VERSION_TABLE,
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name=f"{VERSION_TABLE}_pkc"),
)


def upgrade(
    engine: Engine, url: URL, folder: Path = MIGRATIONS, revisions: tuple[str, ...] = REVISIONS
) -> str | None:
    """Create or upgrade the schema in one transaction; one that is up to date is only looked at.

    Returns the schema that it had, None for none. StoreError when the database is of a newer schema, or holds
    tables of another program.
    """
    with looking(engine).connect() as connection:
        if _current(connection, url, revisions) == revisions[-1]:
            return revisions[-1]
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_POSTGRES_LOCK})")
        current = _current(connection, url, revisions)
        if current is None:
            _need_empty(connection, url)
            _create(connection)
        elif current != revisions[-1]:  # else another process was faster
            from hil_db.scripts import run_to_head  # Alembic

            run_to_head(connection, folder)
            newest.rebuild(connection)
    return current


def check(engine: Engine, url: URL) -> None:
    """StoreError unless the database has exactly this version's schema."""
    current = version(engine, url)
    if current != REVISIONS[-1]:
        raise StoreError(
            f"the database {shown(url)} has no results of this version",
            evidence=f"schema {current or 'none'}, expected {REVISIONS[-1]}",
            remedy=f"run {command(url, 'db', 'upgrade')} once, it brings the database up to date",
        )


def version(engine: Engine, url: URL) -> str | None:
    """The schema that a database has, None where it is empty.

    StoreError when it is of a newer schema, or holds tables of another program.
    """
    with engine.connect() as connection:
        current = _current(connection, url, REVISIONS)
        if current is None:
            _need_empty(connection, url)
    return current


def _create(connection: Connection) -> None:
    """The newest schema at once, and the note that it is."""
    METADATA.create_all(connection)
    _VERSION.create(connection, checkfirst=True)
    connection.execute(insert(_VERSION).values(version_num=REVISIONS[-1]))


def _current(connection: Connection, url: URL, revisions: tuple[str, ...]) -> str | None:
    if not connection.dialect.has_table(connection, VERSION_TABLE):
        return None
    current = ", ".join(sorted(connection.scalars(select(_VERSION.c.version_num)))) or None
    if current is not None and current not in revisions:
        raise StoreError(
            f"the database {shown(url)} was written by a newer version of the lab",
            evidence=f"schema {current}, this version knows up to {revisions[-1]}",
            remedy="upgrade the lab, or choose another database with --db",
        )
    return current


def _need_empty(connection: Connection, url: URL) -> None:
    tables = sorted(set(inspect(connection).get_table_names()) - {VERSION_TABLE})
    if tables:
        raise StoreError(
            f"the database {shown(url)} belongs to another program",
            evidence=f"it holds {', '.join(tables[:5])}",
            remedy="choose an empty or a new one with --db",
        )
