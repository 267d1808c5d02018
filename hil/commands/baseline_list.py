"""`hil baseline list`: the names there are."""

from __future__ import annotations

import argparse

HELP = "list baselines: their runs, who set them, when and why"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Of which database, and whether of former times too."""
    parser.add_argument("--history", action="store_true", help="also what the names stood for before")
    parser.add_argument("--db", metavar="URL", help="default: SQLite in the user's data folder")


def run(options: argparse.Namespace) -> int:
    """Print a line for each."""
    from hil_db.naming import told

    print("\n".join(told(options.db, options.history)) or "no baseline is set")
    return 0
