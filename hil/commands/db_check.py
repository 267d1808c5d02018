"""`hil db check`: whether all that is stored can be read."""

from __future__ import annotations

import argparse

HELP = "read all that a database holds and name what is damaged"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which database."""
    parser.add_argument("--db", metavar="URL", help="default: SQLite in the user's data folder")


def run(options: argparse.Namespace) -> int:
    """Print what was looked at, or each thing that is damaged: then the exit code is 1."""
    from hil_db.checking import check

    found = check(options.db)
    for line in found.damaged:
        print(f"{found.place}: {line}")
    if not found.damaged:
        counted = ", ".join(
            f"{count:,} {name.replace('_', ' ')}{'s' if count != 1 else ''}"
            for name, count in found.counts.items()
        )
        print(f"{found.place} is whole: {counted}")
    return 1 if found.damaged else 0
