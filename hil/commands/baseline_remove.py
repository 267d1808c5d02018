"""`hil baseline remove`: a name that is no longer compared with."""

from __future__ import annotations

import argparse

HELP = "take a baseline's name away; its run stays"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which name, who and why."""
    parser.add_argument("name", metavar="NAME", help="one of `hil baseline list`")
    parser.add_argument("--reason", default="removed", metavar="TEXT", help="why; default: removed")
    parser.add_argument("--author", metavar="NAME", help="default: the user's name here")
    parser.add_argument("--db", metavar="URL", help="default: SQLite in the user's data folder")


def run(options: argparse.Namespace) -> int:
    """Print what the name stood for."""
    from hil_db.naming import author, take_away

    print(take_away(options.db, options.name, options.author or author(), options.reason))
    return 0
