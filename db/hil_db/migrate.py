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
from hil_db.engine import looking, shown
from hil_db.schema import VERSION_TABLE

MIGRATIONS = Path(__file__).parent / "migrations"
_POSTGRES_LOCK = 0x68696C  # an advisory lock's number: whoever comes second waits for the first to migrate


def config(folder: Path = MIGRATIONS) -> Config:
    """Alembic's configuration for a folder of migrations; the default is what the package carries."""
    settings = Config()
    settings.set_main_option("script_location", str(folder).replace("%", "%%"))
    return settings


def upgrade(engine: Engine, url: URL, settings: Config | None = None) -> None:
    """Create or upgrade the schema in one transaction; one that is up to date is only looked at.

    StoreError when the database is of a newer schema, or holds tables of another program.
    """
    settings = settings if settings is not None else config()
    scripts = ScriptDirectory.from_config(settings)
    with looking(engine).connect() as connection:
        if _current(connection, url, scripts) == scripts.get_current_head():
            return
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_POSTGRES_LOCK})")
        current = _current(connection, url, scripts)
        if current == scripts.get_current_head():  # another process was faster
            return
        if current is None:
            _need_empty(connection, url)
        settings.attributes["connection"] = connection
        command.upgrade(settings, "head")


def check(engine: Engine, url: URL) -> None:
    """StoreError unless the database has exactly this version's schema."""
    scripts = ScriptDirectory.from_config(config())
    head = scripts.get_current_head()
    with engine.connect() as connection:
        current = _current(connection, url, scripts)
        if current is None:
            _need_empty(connection, url)
    if current != head:
        raise StoreError(
            f"the database {shown(url)} has no results of this version",
            evidence=f"schema {current or 'none'}, expected {head}",
            remedy="run `pytest --board=all` once, it brings the database up to date",
        )


def _current(connection: Connection, url: URL, scripts: ScriptDirectory) -> str | None:
    found = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE}).get_current_heads()
    current = ", ".join(found) or None
    if current is not None and current not in {script.revision for script in scripts.walk_revisions()}:
        raise StoreError(
            f"the database {shown(url)} was written by a newer version of the lab",
            evidence=f"schema {current}, this version knows up to {scripts.get_current_head()}",
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
