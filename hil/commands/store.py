"""`hil store`: what a run kept in a file when its database failed."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "store later what a run has kept in a file"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which files, into which database."""
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="storing it twice adds nothing")
    parser.add_argument("--db", metavar="URL", help="default: SQLite in the user's data folder")


def run(options: argparse.Namespace) -> int:
    """Print what was stored of each file; what is there already is not stored again."""
    from hil_db.kept import store_file

    for file in options.files:
        for line in store_file(file, options.db):
            print(line)
    return 0
