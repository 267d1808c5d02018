"""Bringing a database to this version's schema, with Alembic."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect
from sqlalchemy.engine import URL

from hil.errors import StoreError
from hil_db.engine import shown
from hil_db.schema import VERSION_TABLE

_POSTGRES_LOCK = 0x68696C  # an advisory lock's number: whoever comes second waits for the first to migrate


def config() -> Config:
    """Alembic's configuration for the migrations that the package carries."""
    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return settings


def upgrade(engine: Engine, url: URL) -> None:
    """Create or upgrade the schema in one transaction.

    StoreError when the database is of a newer schema, or holds tables of another program.
    """
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_POSTGRES_LOCK})")
        current = _current(connection, url)
        if current == _head():
            return
        if current is None:
            _need_empty(connection, url)
        settings = config()
        settings.attributes["connection"] = connection
        command.upgrade(settings, "head")


def check(engine: Engine, url: URL) -> None:
    """StoreError unless the database has exactly this version's schema."""
    with engine.connect() as connection:
        current = _current(connection, url)
        if current is None:
            _need_empty(connection, url)
    if current != _head():
        raise StoreError(
            f"the database {shown(url)} has no results of this version",
            evidence=f"schema {current or 'none'}, expected {_head()}",
            remedy="run `pytest --board=all` once, it brings the database up to date",
        )


def _head() -> str | None:
    return ScriptDirectory.from_config(config()).get_current_head()


def _current(connection: Connection, url: URL) -> str | None:
    current = MigrationContext.configure(
        connection, opts={"version_table": VERSION_TABLE}
    ).get_current_revision()
    known = {script.revision for script in ScriptDirectory.from_config(config()).walk_revisions()}
    if current is not None and current not in known:
        raise StoreError(
            f"the database {shown(url)} was written by a newer version of the lab",
            evidence=f"schema {current}, this version knows up to {_head()}",
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
