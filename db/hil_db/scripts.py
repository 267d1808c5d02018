"""Running the migrations' scripts, with Alembic, which takes longer to import than all else of the store."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from hil_db import MIGRATIONS


def config(folder: Path = MIGRATIONS) -> Config:
    """Alembic's configuration for a folder of migrations; the default is what the package carries."""
    settings = Config()
    settings.set_main_option("script_location", str(folder).replace("%", "%%"))
    return settings


def run_to_head(connection: Connection, folder: Path = MIGRATIONS) -> None:
    """Run what is due in the connection's transaction."""
    settings = config(folder)
    settings.attributes["connection"] = connection
    command.upgrade(settings, "head")


def run_back(connection: Connection, revision: str) -> None:
    """Undo what is newer than a revision; what only newer columns held is lost."""
    settings = config()
    settings.attributes["connection"] = connection
    command.downgrade(settings, revision)
