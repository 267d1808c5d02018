"""`hil db import`: a colleague's results beside one's own."""

from __future__ import annotations

import argparse

HELP = "add the runs and baselines of another database"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Of which databases, into which."""
    parser.add_argument(
        "sources", nargs="+", metavar="FILE|URL", help="only read; importing it twice adds nothing"
    )
    parser.add_argument(
        "--own",
        action="store_true",
        help="they are this lab's own, as of a backup; else comparisons tell that they are another's",
    )
    parser.add_argument("--db", metavar="URL", help="default: SQLite in the user's data folder")


def run(options: argparse.Namespace) -> int:
    """Print a line for each: what was added, and what was there."""
    from hil_db.incoming import import_database

    for source in options.sources:
        found = import_database(source, options.db, own=options.own)
        print(found)
        for line in found.untraced:
            print(line)
    return 0
