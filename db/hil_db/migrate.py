"""Bringing a database to this version's schema, with Alembic."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine
from sqlalchemy.engine import URL

from hil.errors import StoreError


def config() -> Config:
    """Alembic's configuration for the migrations that the package carries."""
    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return settings


def upgrade(engine: Engine, url: URL) -> None:
    """Create or upgrade the schema in one transaction; StoreError when the database is of a newer one."""
    with engine.begin() as connection:
        if _current(connection, url) == _head():
            return
        settings = config()
        settings.attributes["connection"] = connection
        command.upgrade(settings, "head")


def check(engine: Engine, url: URL) -> None:
    """StoreError unless the database has exactly this version's schema."""
    with engine.connect() as connection:
        current = _current(connection, url)
    if current != _head():
        raise StoreError(
            f"the database {url.render_as_string()} has no results of this version",
            evidence=f"schema {current or 'none'}, expected {_head()}",
            remedy="run `pytest --board=all` once, it brings the database up to date",
        )


def _head() -> str | None:
    return ScriptDirectory.from_config(config()).get_current_head()


def _current(connection: Connection, url: URL) -> str | None:
    current = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in ScriptDirectory.from_config(config()).walk_revisions()}
    if current is not None and current not in known:
        raise StoreError(
            f"the database {url.render_as_string()} was written by a newer version of the lab",
            evidence=f"schema {current}, this version knows up to {_head()}",
            remedy="upgrade the lab, or choose another database with --db",
        )
    return current
