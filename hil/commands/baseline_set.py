"""`hil baseline set`: what others are to be compared with."""

from __future__ import annotations

import argparse

HELP = "give a run a name to compare others with, or the name another run"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which name, which run, who and why."""
    parser.add_argument("name", metavar="NAME", help="such as release or v1.2")
    parser.add_argument(
        "run",
        nargs="?",
        default="latest",
        metavar="RUN",
        help="as `hil check` takes it; default: latest",
    )
    parser.add_argument("--reason", required=True, metavar="TEXT", help="why this run")
    parser.add_argument("--author", metavar="NAME", help="default: the user's name here")
    parser.add_argument("--db", metavar="URL", help="default: SQLite in the user's data folder")


def run(options: argparse.Namespace) -> int:
    """Print what the name stands for now, and stood for before."""
    from hil_db.naming import author, name_run

    print(name_run(options.db, options.name, options.run, options.author or author(), options.reason))
    return 0
