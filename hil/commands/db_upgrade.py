"""`hil db upgrade`: a database of an older version."""

from __future__ import annotations

import argparse

HELP = "bring a database to this version's schema, or make one"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which database."""
    parser.add_argument("--db", metavar="URL", help="default: SQLite in the user's data folder")


def run(options: argparse.Namespace) -> int:
    """Print from which schema to which."""
    from hil_db import engine, migrate

    url = engine.parse(options.db)
    writer = engine.writer(url)
    try:
        with engine.explained(url):
            before = migrate.upgrade(writer, url)
            engine.use_write_ahead_log(writer)
    finally:
        writer.dispose()
    newest = migrate.REVISIONS[-1]
    if before == newest:
        print(f"{engine.shown(url)} is up to date: schema {newest}")
    else:
        print(f"{engine.shown(url)}: from schema {before or 'none'} to {newest}")
    return 0
