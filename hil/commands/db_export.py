"""`hil db export`: all stored measures, for other programs."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from hil.errors import HilError

HELP = "write stored measures, one row each, as CSV, JSON or Parquet"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Of which runs, in which form, to where."""
    parser.add_argument(
        "--run", default="all", metavar="REF", help="a run as `hil check` takes it, or all; default: all"
    )
    parser.add_argument("--format", choices=("csv", "json", "parquet"), default="csv", help="default: csv")
    parser.add_argument("--out", type=Path, metavar="FILE", help="default: standard output")
    parser.add_argument("--db", metavar="URL", help="default: SQLite in the user's data folder")


def run(options: argparse.Namespace) -> int:
    """Write the rows; a file is there whole, or as it was."""
    from hil_db.export import export, export_to

    if options.out is not None:
        export_to(options.db, options.run, options.format, options.out)
    elif options.format == "parquet":
        raise HilError("Parquet is no text that could be printed", remedy="name a file with --out")
    else:
        export(options.db, options.run, options.format, sys.stdout)
    return 0
