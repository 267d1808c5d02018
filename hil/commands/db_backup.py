"""`hil db backup`: a copy in one file, while runs go on."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "copy a database to an SQLite file, while others use it"


def arguments(parser: argparse.ArgumentParser) -> None:
    """To which file, of which database."""
    parser.add_argument("file", type=Path, metavar="FILE", help="an earlier backup there is replaced")
    parser.add_argument("--db", metavar="URL", help="default: SQLite in the user's data folder")


def run(options: argparse.Namespace) -> int:
    """Print where the copy is; there is all of it, or none. Traces that could not be copied are named."""
    from hil_db.shelf import untraced_lines
    from hil_db.sources import back_up

    untraced = back_up(options.db, options.file)
    print(f"{options.file}: {options.file.stat().st_size:,} B")
    for line in untraced_lines(untraced):
        print(line)
    return 0
